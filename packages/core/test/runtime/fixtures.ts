import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import type { OperationFailed } from "@effect-lxc/core/runtime/OperationFailed"
import { Guest, type HostOptions, SimulatedHost, type SimulatedState, TestHypervisor, TestKit } from "@effect-lxc/test-kit"
import { assert } from "@effect/vitest"
import { Effect, Exit, Option, Cause, Result } from "effect"

export const directories = defaultDirectories

/** An instance from the fields of a spec; its root and its bridge are on {@link host}. */
export const instance = (fields: Readonly<Record<string, unknown>> = {}): Instance =>
  Result.getOrThrow(decodeInstance({
    name: "web1",
    disks: [{ path: "/srv/web1.img" }],
    nics: [{ link: "br0", mac: "aa:00:00:12:34:56" }],
    ...fields
  }))

/** A host with what {@link instance} needs. */
export const host = (options: HostOptions = {}): SimulatedState =>
  SimulatedHost.state({ bridges: ["br0"], ...options, images: { "/srv/web1.img": Guest.obedient(), ...options.images } })

/** Runs a body with a hypervisor on a simulated host of its own, time passing as fast as it can. */
export const onHost = (options: TestHypervisor.TestHypervisorOptions, run?: TestKit.RunOptions) =>
<A, E>(body: Effect.Effect<A, E, TestHypervisor.TestServices>): Effect.Effect<A, E> =>
  TestKit.runToEnd(Effect.provide(body, TestHypervisor.layer(options)), run)

/** The failure of an effect that must fail. */
export const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<E, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => {
    assert.isTrue(Exit.isFailure(exit), "it should have failed")
    const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : Option.none()
    return Option.getOrThrow(error)
  })

/** The problem of an operation that must fail in one of its steps. */
export const problemOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(failureOf(effect), (error) => {
    assert.strictEqual(error._tag, "OperationFailed")
    return error as unknown as OperationFailed // its tag was just seen
  })
