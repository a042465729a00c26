import { parseArgs, type ParseArgsConfig } from "node:util"

type Options = NonNullable<ParseArgsConfig["options"]>

interface Words<O extends Options> {
  readonly options: O
  readonly allowPositionals: true
}

/** Ends the process: what is wrong with the command line, in one line, and exit code 2. */
export const refuse = (why: string): never => {
  console.error(`${why}; --help shows what there is`)
  process.exit(2)
}

const parsed = <const O extends Options>(options: O) => {
  try {
    return parseArgs<Words<O>>({ options, allowPositionals: true })
  } catch (error) {
    // Node goes on to say how a file would be named that begins with a dash.
    return refuse(String(error instanceof Error ? error.message : error).replace(/\. To specify .*/s, ""))
  }
}

/** The options and other words of the command line; --help prints the usage and ends the process with exit code 0. */
export const commandLine = <const O extends Options>(usage: string, options: O, positionals: "words" | "no words" = "no words") => {
  if (process.argv.slice(2).includes("--help")) {
    console.log(usage.trimEnd())
    process.exit(0)
  }
  const words = parsed(options)
  const [first] = words.positionals
  return positionals === "no words" && first !== undefined ? refuse(`Unexpected word '${first}'`) : words
}

/** The number of an option, from `least` on. */
export const wholeNumber = (option: string, text: string, least = 1): number => {
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= least ? value : refuse(`--${option}: ${text} is no whole number from ${least} on`)
}
