// A command is a program and its arguments, never text for a shell. Written for oxlint's plugin interface because
// none of its own rules sees an option of a call; JavaScript because oxlint loads it itself.

const isShellOption = (node) =>
  !node.computed && (node.key.name === "shell" || node.key.value === "shell") && node.value.value !== false

const noShellOption = {
  create: (context) => ({
    Property: (node) => {
      // A property of a pattern only takes a value apart.
      if (node.parent.type === "ObjectExpression" && isShellOption(node)) {
        context.report({ node, message: "no shell: give the program and its arguments as a list" })
      }
    }
  })
}

export default { meta: { name: "effect-lxc" }, rules: { "no-shell-option": noShellOption } }
