import { crc32 } from "@effect-lxc/core/host/Crc32"
import { readPartitionTable } from "@effect-lxc/core/host/PartitionTable"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { gpt, logical, mbr, type Part } from "../../../../tools/partitionedImage.ts"

const sectors = 40_960
const total = sectors * 512

/** A disk of 20 MiB with these pieces at these sectors. */
const disk = (...pieces: ReadonlyArray<readonly [sector: number, bytes: Uint8Array]>): Uint8Array => {
  const bytes = new Uint8Array(total)
  for (const [at, piece] of pieces) bytes.set(piece, at * 512)
  return bytes
}

const read = (bytes: Uint8Array) => readPartitionTable((at, length) => bytes.subarray(at, at + length), bytes.length)

/** Number, first sector and sectors of each. */
const shown = (bytes: Uint8Array) => read(bytes)?.map(({ number, size, start }) => [number, start / 512, size / 512])

const one: Part = { start: 2_048, size: 8_192 }
const two: Part = { start: 10_240, size: 4_096 }

it("the checksum is that of Ethernet and zip", () => {
  assert.strictEqual(crc32(new TextEncoder().encode("123456789")), 0xcbf43926)
})

describe("an MBR", () => {
  it("numbers its partitions by their slot, empty ones left out", () => {
    assert.deepStrictEqual(shown(disk([0, mbr([one, undefined, two])])), [[1, 2_048, 8_192], [3, 10_240, 4_096]])
  })

  it("has logical partitions from 5 on, and its extended one is none", () => {
    const extended = { start: 16_384, size: 16_384, type: 0x05 }
    const inner = [{ start: 18_432, size: 2_048 }, { start: 22_528, size: 1_024 }, { start: 26_624, size: 512 }]
    assert.deepStrictEqual(shown(disk([0, mbr([one, extended])], ...logical(extended, inner))), [
      [1, 2_048, 8_192],
      [5, 18_432, 2_048],
      [6, 22_528, 1_024],
      [7, 26_624, 512]
    ])
  })

  it("ends where its chain of logical partitions goes in circles", () => {
    const extended = { start: 16_384, size: 16_384, type: 0x0f }
    const [first] = logical(extended, [{ start: 18_432, size: 2_048 }, { start: 22_528, size: 1_024 }])
    const looping = mbr([{ start: 2_048, size: 2_048 }, { start: 0, size: 2_048, type: 0x05 }])
    assert.strictEqual(shown(disk([0, mbr([extended])], [first?.[0] ?? 0, looping]))?.length, 1)
  })

  it("loses what reaches beyond the disk", () => {
    assert.deepStrictEqual(shown(disk([0, mbr([one, { start: 40_000, size: 961 }, { start: 40_000, size: 960 }])])), [
      [1, 2_048, 8_192],
      [3, 40_000, 960]
    ])
  })

  it("is not what a file system or a page of zeros begins with", () => {
    assert.isUndefined(read(disk()))
    assert.isUndefined(read(new Uint8Array(100)))
    const bootSector = mbr([one])
    bootSector.fill(0x41, 446, 510)
    assert.isUndefined(read(disk([0, bootSector])))
    assert.isUndefined(read(disk([0, mbr([])])))
  })
})

describe("a GPT", () => {
  it("numbers its partitions by their place in the list", () => {
    assert.deepStrictEqual(shown(disk(...gpt([one, undefined, two], sectors))), [[1, 2_048, 8_192], [3, 10_240, 4_096]])
    assert.deepStrictEqual(read(disk(...gpt([], sectors))), [])
  })

  it("is read from its copy at the end where the first is damaged, and is no table where both are", () => {
    const bytes = disk(...gpt([one], sectors))
    bytes[512 + 20] = 1
    assert.deepStrictEqual(shown(bytes), [[1, 2_048, 8_192]])
    bytes[1_024 + 40] = 7
    assert.deepStrictEqual(shown(bytes), [[1, 2_048, 8_192]])
    bytes[(sectors - 1) * 512 + 20] = 1
    assert.isUndefined(read(bytes))
  })

  it.prop("ends with partitions within the disk, whatever byte is another", {
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 17_407 })),
    value: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
  }, ({ at, value }) => {
    const bytes = disk(...gpt([one, two], sectors))
    bytes[at] = value
    for (const { size, start } of read(bytes) ?? []) {
      assert.isTrue(start > 0 && size > 0 && start + size <= total)
    }
  })
})
