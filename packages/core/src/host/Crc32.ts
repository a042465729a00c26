/**
 * The checksum of partition tables.
 *
 * @since 0.1.0
 */

const remainder = (byte: number): number => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value >>> 0
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => remainder(byte))

/**
 * CRC-32 as in Ethernet and zip (polynomial 0x04c11db7, reflected): 0xcbf43926 for the ASCII text `123456789`.
 *
 * @since 0.1.0
 * @category checksums
 */
export const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}
