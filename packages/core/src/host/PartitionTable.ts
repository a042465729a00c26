/**
 * Partition tables, read in user space: a kernel need not know any.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { crc32 } from "./Crc32.ts"

const Bytes = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * A partition by the number that Linux gives it; `start` and `size` in bytes.
 *
 * @since 0.1.0
 * @category models
 */
export const Partition = Schema.Struct({
  number: Schema.Int,
  start: Bytes,
  size: Bytes,
  /** The kernel's own device of it, where the kernel knows it. */
  node: Schema.optionalKey(Schema.Struct({ path: Schema.String, device: Schema.String }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Partition = typeof Partition.Type

/**
 * Gives `length` bytes from `offset` on, or fewer where the disk ends before.
 *
 * @since 0.1.0
 * @category models
 */
export type ReadBytes = (offset: number, length: number) => Uint8Array

const sector = 512
/** Sizes of a logical block: a GPT counts in these, and does not say which. */
const blockSizes = [512, 4096]
const maxLogical = 124
const maxEntries = 1024

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A 64-bit number of blocks; NaN, which fits nowhere, where no number holds it. */
const longAt = (data: DataView, offset: number): number => {
  const value = data.getBigUint64(offset, true)
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.NaN
}

const fits = ({ size, start }: Partition, total: number): boolean =>
  Number.isSafeInteger(start) && Number.isSafeInteger(size) && start > 0 && size > 0 && start + size <= total

interface MbrEntry {
  readonly type: number
  readonly start: number
  readonly size: number
}

const isExtended = ({ type }: MbrEntry): boolean => type === 0x05 || type === 0x0f || type === 0x85

/** The four entries of a boot record, undefined where it has no signature. */
const mbrEntries = (record: Uint8Array): ReadonlyArray<MbrEntry> | undefined => {
  if (record.length < sector || record[510] !== 0x55 || record[511] !== 0xaa) return undefined
  const data = view(record)
  const entries = [0, 1, 2, 3].map((index) => {
    const at = 446 + index * 16
    return { type: data.getUint8(at + 4), start: data.getUint32(at + 8, true), size: data.getUint32(at + 12, true) }
  })
  // The boot sector of a file system has the same signature; its entries are no entries: their first byte is 0 or 0x80.
  return [0, 1, 2, 3].every((index) => (data.getUint8(446 + index * 16) & 0x7f) === 0) ? entries : undefined
}

const partition = (number: number, firstSector: number, { size, start }: MbrEntry): Partition => ({
  number,
  start: (firstSector + start) * sector,
  size: size * sector
})

/** Logical partitions: a chain of records in the extended one, followed forward only, so that it ends. */
const logicalPartitions = (extended: MbrEntry, read: ReadBytes): ReadonlyArray<Partition> => {
  const found: Array<Partition> = []
  let at = extended.start
  while (found.length < maxLogical) {
    const entries = mbrEntries(read(at * sector, sector))
    const [logical, next] = entries ?? []
    if (logical === undefined || logical.size === 0) break
    found.push(partition(5 + found.length, at, logical))
    if (next === undefined || next.size === 0 || extended.start + next.start <= at) break
    at = extended.start + next.start
  }
  return found
}

const mbrPartitions = (entries: ReadonlyArray<MbrEntry>, read: ReadBytes): ReadonlyArray<Partition> => {
  const primary = entries.flatMap((entry, index) =>
    entry.type === 0 || entry.size === 0 || isExtended(entry) ? [] : [partition(index + 1, 0, entry)]
  )
  const extended = entries.find(isExtended)
  return extended === undefined ? primary : [...primary, ...logicalPartitions(extended, read)]
}

interface GptHeader {
  readonly entriesAt: number
  readonly count: number
  readonly entrySize: number
  readonly entriesCrc: number
}

/** The header in a block, undefined where there is none, or it is damaged. UEFI specification 2.10, table 5.5. */
const gptHeader = (block: Uint8Array): GptHeader | undefined => {
  if (block.length < 92 || String.fromCharCode(...block.subarray(0, 8)) !== "EFI PART") return undefined
  const data = view(block)
  const size = data.getUint32(12, true)
  if (size < 92 || size > block.length) return undefined
  const header = block.slice(0, size)
  header.fill(0, 16, 20)
  if (crc32(header) !== data.getUint32(16, true)) return undefined
  const entrySize = data.getUint32(84, true)
  const count = data.getUint32(80, true)
  return entrySize < 128 || entrySize > 4096 || count > maxEntries
    ? undefined
    : { entriesAt: longAt(data, 72), count, entrySize, entriesCrc: data.getUint32(88, true) }
}

const isUsed = (entry: Uint8Array): boolean => entry.subarray(0, 16).some((byte) => byte !== 0)

/** The partitions of the header in block `at`, undefined where it, or its list, is damaged. */
const gptAt = (at: number, blockSize: number, read: ReadBytes): ReadonlyArray<Partition> | undefined => {
  const header = gptHeader(read(at * blockSize, blockSize))
  if (header === undefined || !Number.isSafeInteger(header.entriesAt * blockSize)) return undefined
  const list = read(header.entriesAt * blockSize, header.count * header.entrySize)
  if (list.length < header.count * header.entrySize || crc32(list) !== header.entriesCrc) return undefined
  return Array.from({ length: header.count }, (_, index) => list.subarray(index * header.entrySize, (index + 1) * header.entrySize))
    .flatMap((entry, index) => {
      if (!isUsed(entry)) return []
      const first = longAt(view(entry), 32)
      const last = longAt(view(entry), 40)
      return [{ number: index + 1, start: first * blockSize, size: (last - first + 1) * blockSize }]
    })
}

const gptPartitions = (read: ReadBytes, total: number): ReadonlyArray<Partition> | undefined => {
  for (const blockSize of blockSizes) {
    // The second copy is in the last block: it counts where the first is damaged.
    const found = gptAt(1, blockSize, read) ?? gptAt(Math.floor(total / blockSize) - 1, blockSize, read)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * The partitions of a disk of `total` bytes, in the order of their numbers; undefined where it has no table. A partition
 * that reaches beyond the disk is left out, and so is a table whose checksum is wrong.
 *
 * GPT (UEFI specification 2.10, chapter 5) with blocks of 512 or 4096 bytes, and the MBR of the PC with logical
 * partitions, counted in 512 bytes.
 *
 * @since 0.1.0
 * @category decoding
 */
export const readPartitionTable = (read: ReadBytes, total: number): ReadonlyArray<Partition> | undefined => {
  const entries = mbrEntries(read(0, sector))
  if (entries === undefined) return undefined
  const gpt = entries.some(({ type }) => type === 0xee) ? gptPartitions(read, total) : undefined
  const found = gpt ?? mbrPartitions(entries.filter(({ type }) => type !== 0xee), read)
  return found.length === 0 && gpt === undefined ? undefined : found.filter((each) => fits(each, total))
}
