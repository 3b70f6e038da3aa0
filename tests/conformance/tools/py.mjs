// SPDX-License-Identifier: MIT
// node py.mjs SCRIPT ARGUMENT...: runs a Python script in pyodide's CPython, which sees the files
// of this machine below /host. Absolute paths among the arguments are translated.
import fs from "node:fs";
import { loadPyodide } from "pyodide";

const py = await loadPyodide();
const writeTo = (fd) => ({ write: (bytes) => fs.writeSync(fd, bytes) });
py.setStdout(writeTo(1));
py.setStderr(writeTo(2));
py.FS.mkdirTree("/host");
py.FS.mount(py.FS.filesystems.NODEFS, { root: "/" }, "/host");

const paths = process.argv.slice(2).map((word) => (word.startsWith("/") ? "/host" + word : word));
py.globals.set("arguments_given", py.toPy(paths));
try {
    py.runPython(`
import os, runpy, sys
sys.argv = list(arguments_given)
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(sys.argv[0]))
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    if end.code:
        raise
sys.stdout.flush()
`);
} catch (error) {
    console.error(error.message);
    process.exit(1);
}
process.exit(0);
