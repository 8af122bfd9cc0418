"""What the guard says of every tool, and of a script as a whole, where no rule file says it."""

BUILT_IN = {
    "guard.character": "the script contains U+FFFC or text that is no UTF-8; no script needs that, "
    "and the guard uses the first for what only a run could tell",
    "guard.credential": "a password, key or token stands in the script",
    "guard.empty": "no command in it: blank lines and comments only, which can mend nothing",
    "guard.endless": "a loop that starts processes or writes without an end, or a source that "
    "never ends (yes, /dev/zero) written to a file or read into memory",
    "guard.environment": "a variable in front of a command makes programs run other code, or talk "
    "to another place, than its words say (LD_PRELOAD, PATH, GIT_SSH_COMMAND, ...)",
    "guard.help": "a command that only says how it is used: --help or --version and no more",
    "guard.hidden": "code is run of which a part only a run could tell",
    "guard.name": "only a run could tell which program is started",
    "guard.no-tool": "no rule file knows this program; docs/how-to/add-a-tool.md says how to write "
    "one",
    "guard.option": "an option that no rule file knows stands where it could change what the "
    "command does",
    "guard.path": "a program outside the folders of the system, which may be anything",
    "guard.redirection": "a file that the shell opens for a command: harmless in scratch, "
    "disruptive or destructive over what the system needs, devices and what starts by itself",
    "guard.sensitive": "a word names a file of secrets, or about people",
    "guard.target": "an option or a variable makes a command work on another machine, account or "
    "configuration than the usual one; it needs a grant for that",
    "guard.told": "Python that puts what it read from this machine into a session or a request",
    "guard.too-deep": "code stands in code in code, deeper than the guard looks",
    "guard.too-long": "the script is longer than the guard reads",
    "guard.too-much": "the script has more commands, or more to say of them, than the guard judges",
    "guard.exhausts": "Python that asks for more memory, files or processes than a remedy needs",
    "guard.unreadable": "Python that is not well-formed, too long or nested too deeply",
    "guard.unresolved": "a part of the script that the guard cannot follow without running it",
    "sql.client": "a command of a database's client (\\!, \\copy, .shell), which may run programs "
    "and open files",
    "sql.comment": "a comment that MySQL runs (/*! ... */)",
    "sql.exhausts": "a query without an end, each row of many tables beside each of the others, or "
    "a function that makes more rows or text than a remedy needs",
    "sql.explain": "EXPLAIN shows a plan; with ANALYZE it also runs what it explains",
    "sql.function": "a function of the database that does more than compute, or that nobody knows",
    "sql.statement": "a statement that is known by its words",
    **{
        f"sql.{kind}": f"{kind.upper()}: what it does depends on its tables, conditions and options"
        for kind in (
            *("alter", "analyze", "attach", "comment", "commit", "copy", "create", "delete"),
            *("describe", "drop", "except", "grant", "insert", "intersect", "kill", "loaddata"),
            *("merge", "pragma", "revoke", "rollback", "select", "show", "subquery"),
            *("transaction", "truncatetable", "union", "update", "use", "values"),
        )
    },
    "sql.too-long": "more SQL than the guard reads",
    "sql.unreadable": "SQL that cannot be parsed, or whose statement is not known",
}
"""By the name of the rule, as ``vigil guard check`` prints it."""
