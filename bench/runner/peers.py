# SPDX-License-Identifier: MIT
"""Finding and building what Eddy is compared with.

Sources are copied into the build folder and built there. A peer that is not installed is left out,
and the reason kept: `Peers.left_out` is printed and goes into the results.
"""

import filecmp
import glob
import os
import shutil
import subprocess

SOURCES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers")
C_FLAGS = ["-O2", "-march=native", "-w"]
LIBRARIES = {"raw_uring": ["-luring"], "libuv": ["-luv"], "libcurl": ["-lcurl"],
             "boost_context": ["-lboost_context"],
             "boost_fiber": ["-lboost_fiber", "-lboost_context", "-lpthread"]}
# What these peers need to be compiled into a program, once a variable names their folder.
FOLDERS = {
    "NECO_DIR": ("neco", ["{dir}/neco.c", "-I{dir}", "-DNDEBUG", "-lpthread", "-lm"]),
    "LIBDILL_DIR": ("libdill", ["-fno-stack-protector", "-I{dir}", "{archive}", "-lpthread",
                                "-lrt", "-lanl"]),
    "MINICORO_DIR": ("minicoro", ["-I{dir}", "-DNDEBUG"]),
    "LIBACO_DIR": ("libaco", ["-I{dir}", "{dir}/aco.c", "{dir}/acosw.S"]),
}
SMALL_STACKS = ["-DNECO_STACKSIZE=16384", "-DNECO_GAPSIZE=0"]  # a million must fit


class Peers:
    """The programs of the peers, by the names of their sources: `m1_switch_go`."""

    def __init__(self, folder):
        self.folder = folder
        self.source = os.path.join(folder, "source")
        self.left_out = {}  # peer: why
        self.python = _python()
        self._copy_sources()

    def program(self, name):
        """The path of a program, or None."""
        path = os.path.join(self.folder, name)
        return path if os.access(path, os.X_OK) else None

    def script(self, name):
        return os.path.join(self.source, name)

    def has_module(self, module):
        return _has_module(self.python, module)

    def leave_out(self, peer, why):
        self.left_out.setdefault(peer, why)

    def build(self):
        self._build_c()
        self._build_from_folders()
        self._build_go()
        self._build_rust()
        for module in ("uvloop", "aiohttp", "asyncpg", "aiosqlite"):
            if not self.has_module(module):
                self.leave_out(module, f"python3-{module} is not installed")
        for tool in ("nginx", "h2o", "node", "wrk"):
            if not which(tool):
                self.leave_out(tool, "not installed")

    # ---- inside ------------------------------------------------------------------------------

    def _copy_sources(self):
        """Copies what has changed, times and all, and forgets what was built of it."""
        for folder, _, files in os.walk(SOURCES):
            here = os.path.join(self.source, os.path.relpath(folder, SOURCES))
            os.makedirs(here, exist_ok=True)
            for file in files:
                source, copy = os.path.join(folder, file), os.path.join(here, file)
                if not os.path.exists(copy) or not filecmp.cmp(source, copy, shallow=False):
                    shutil.copyfile(source, copy)

    def _sources(self, pattern):
        return sorted(glob.glob(os.path.join(self.source, "*", pattern)))

    def _is_fresh(self, program, source, common):
        if not os.path.exists(program):
            return False
        built = os.path.getmtime(program)
        return all(os.path.getmtime(file) <= built
                   for file in (source, os.path.join(self.source, common)))

    def _compile(self, source, flags, suffix=""):
        stem, extension = os.path.splitext(os.path.basename(source))
        program = os.path.join(self.folder,
                               os.path.basename(os.path.dirname(source)) + "_" + stem + suffix)
        if self._is_fresh(program, source, "common.h"):
            return
        compiler = ["c++", "-std=c++17"] if extension == ".cpp" else ["cc"]
        self._make(stem + suffix, [*compiler, *C_FLAGS, "-o", program, source, *flags])

    def _make(self, peer, command, **options):
        """Runs a compiler; a peer that can't be built is left out with the first error."""
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, **options)
        if done.returncode != 0:
            errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
            self.leave_out(peer, (errors or done.stderr.splitlines() or ["not built"])[0][:120])

    def _build_c(self):
        for source in self._sources("raw*.c") + self._sources("load.c"):
            stem = os.path.basename(source)[:-2]
            self._compile(source, LIBRARIES.get(stem, []))
        for stem in ("libuv", "boost_context", "boost_fiber"):
            for source in self._sources(stem + ".c") + self._sources(stem + ".cpp"):
                self._compile(source, LIBRARIES[stem])
        for source in self._sources("libcurl.c"):
            self._compile(source, LIBRARIES["libcurl"])

    def _build_from_folders(self):
        for variable, (peer, flags) in FOLDERS.items():
            folder = os.environ.get(variable)
            if not folder:
                self.leave_out(peer, f"{variable} names no folder")
                continue
            archives = glob.glob(os.path.join(folder, "**", "libdill.a"), recursive=True)
            archive = archives[0] if archives else "-ldill"
            filled = [flag.format(dir=folder, archive=archive) for flag in flags]
            for source in self._sources(peer + ".c"):
                self._compile(source, filled)
                if peer == "neco":
                    self._build_neco_variants(source, filled)

    def _build_neco_variants(self, source, flags):
        work = os.path.basename(os.path.dirname(source))
        if work in ("m3_gather", "m4_sleepers", "m6_timers"):
            self._compile(source, flags + SMALL_STACKS, "16k")
        if work == "n1_echo":
            self._compile(source, flags + ["-DNECO_NOWORKERS"], "_nw")

    def _build_go(self):
        if not which("go"):
            self.leave_out("go", "golang-go is not installed")
            return
        for source in self._sources("go.go"):
            work = os.path.dirname(source)
            program = os.path.join(self.folder, os.path.basename(work) + "_go")
            if not self._is_fresh(program, source, "common.go"):
                # All files of a Go program lie in one folder.
                shutil.copyfile(self.script("common.go"), os.path.join(work, "common.go"))
                self._make("go", ["go", "build", "-o", program, "common.go", "go.go"], cwd=work,
                           env={**os.environ, "GO111MODULE": "off"})

    def _build_rust(self):
        registry = _debian_crates()
        if not which("cargo") or not registry:
            self.leave_out("tokio", "cargo or librust-tokio-dev is not installed")
            return
        usual = "-".join(("crates", "io"))  # cargo's name for where it would look otherwise
        target = os.path.join(self.folder, "rust")
        self._make("tokio", [
            "cargo", "build", "-q", "--release", "--offline", "--target-dir", target,
            "--config", f'source.{usual}.replace-with="debian"',
            "--config", f'source.debian.directory="{registry}"'], cwd=self.source)
        for program in glob.glob(os.path.join(target, "release", "*_tokio")):
            link = os.path.join(self.folder, os.path.basename(program))
            if not os.path.lexists(link):
                os.symlink(program, link)


def which(tool):
    """The path of a tool; servers lie where a user's PATH may not lead."""
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/local/sbin")


def _has_module(python, module):
    return subprocess.run([python, "-c", "import " + module], capture_output=True,
                          check=False).returncode == 0


def _python():
    """The first Python that has uvloop: Debian's packages are for Debian's Python."""
    found = ["/usr/bin/python3", shutil.which("python3")]
    usable = [python for python in found if python and os.path.exists(python)]
    return next((python for python in usable if _has_module(python, "uvloop")), usable[0])


def _debian_crates():
    listing = subprocess.run(["dpkg", "-L", "librust-tokio-dev"], capture_output=True, text=True,
                             check=False) if which("dpkg") else None
    lines = listing.stdout.splitlines() if listing else []
    return next((line for line in lines if line.endswith("/registry")), None)
