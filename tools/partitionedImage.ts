import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs"
import { crc32 } from "node:zlib"

const sector = 512
const mebibyte = 1024 * 1024

/** A part of a disk in sectors; `type` is that of the MBR. */
export interface Part {
  readonly start: number
  readonly size: number
  readonly type?: number
}

const signed = (record: Buffer): Buffer => {
  record.writeUInt16LE(0xaa55, 510)
  return record
}

const record = (parts: ReadonlyArray<Part | undefined>, base = 0): Buffer => {
  const bytes = Buffer.alloc(sector)
  parts.forEach((part, index) => {
    if (part === undefined) return
    bytes.writeUInt8(part.type ?? 0x83, 446 + index * 16 + 4)
    bytes.writeUInt32LE(part.start - base, 446 + index * 16 + 8)
    bytes.writeUInt32LE(part.size, 446 + index * 16 + 12)
  })
  return signed(bytes)
}

/** An MBR with these primary partitions; undefined leaves a slot empty. */
export const mbr = (parts: ReadonlyArray<Part | undefined>): Buffer => record(parts)

/** The records of an extended partition, each with the sector where it belongs; `logical` are told by their data. */
export const logical = (extended: Part, parts: ReadonlyArray<Part>): ReadonlyArray<readonly [sector: number, bytes: Buffer]> =>
  parts.map((part, index) => {
    const at = index === 0 ? extended.start : part.start - 1
    const next = parts[index + 1]
    const bytes = record([{ ...part, start: part.start - at }])
    if (next !== undefined) {
      bytes.writeUInt8(0x05, 446 + 16 + 4)
      bytes.writeUInt32LE(next.start - 1 - extended.start, 446 + 16 + 8)
      bytes.writeUInt32LE(next.size + 1, 446 + 16 + 12)
    }
    return [at, bytes] as const
  })

const gptHeader = (at: number, backup: number, listAt: number, list: Buffer): Buffer => {
  const header = Buffer.alloc(92)
  header.write("EFI PART")
  header.writeUInt32LE(0x10000, 8)
  header.writeUInt32LE(92, 12)
  header.writeBigUInt64LE(BigInt(at), 24)
  header.writeBigUInt64LE(BigInt(backup), 32)
  header.writeBigUInt64LE(34n, 40)
  header.writeBigUInt64LE(BigInt(Math.max(at, backup) - 33), 48)
  header.writeBigUInt64LE(BigInt(listAt), 72)
  header.writeUInt32LE(list.length / 128, 80)
  header.writeUInt32LE(128, 84)
  header.writeUInt32LE(crc32(list), 88)
  header.writeUInt32LE(crc32(header), 16)
  return header
}

/** Protective MBR, header and list of a GPT, and their copies at the end of the disk, by sector. */
export const gpt = (parts: ReadonlyArray<Part | undefined>, sectors: number): ReadonlyArray<readonly [sector: number, bytes: Buffer]> => {
  const list = Buffer.alloc(128 * 128)
  parts.forEach((part, index) => {
    if (part === undefined) return
    list.fill(0xa5, index * 128, index * 128 + 32)
    list.writeBigUInt64LE(BigInt(part.start), index * 128 + 32)
    list.writeBigUInt64LE(BigInt(part.start + part.size - 1), index * 128 + 40)
  })
  const last = sectors - 1
  return [
    [0, mbr([{ start: 1, size: last, type: 0xee }])],
    [1, gptHeader(1, last, 2, list)],
    [2, list],
    [last - 32, list],
    [last, gptHeader(last, 1, last - 32, list)]
  ]
}

/** A disk image with these file system images as its partitions, each on a boundary of a MiB. */
export const makePartitionedImage = (image: string, table: "mbr" | "gpt", contents: ReadonlyArray<string>): void => {
  const file = openSync(image, "w")
  try {
    let at = mebibyte
    const parts = contents.map((content) => {
      const bytes = readFileSync(content)
      writeSync(file, bytes, 0, bytes.length, at)
      const part = { start: at / sector, size: bytes.length / sector }
      at += Math.ceil(bytes.length / mebibyte) * mebibyte
      return part
    })
    const total = at + mebibyte
    ftruncateSync(file, total)
    const pieces = table === "mbr" ? [[0, mbr(parts)] as const] : gpt(parts, total / sector)
    for (const [where, bytes] of pieces) writeSync(file, bytes, 0, bytes.length, where * sector)
  } finally {
    closeSync(file)
  }
}
