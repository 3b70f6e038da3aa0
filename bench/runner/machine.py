# SPDX-License-Identifier: MIT
"""Where the figures were taken: processor, kernel, compilers, and the versions of all peers."""

import datetime
import json
import os
import platform
import subprocess

PACKAGES = ("python3 python3-uvloop python3-aiohttp python3-aiosqlite python3-asyncpg golang-go "
            "libuv1-dev libboost-fiber-dev librust-tokio-dev liburing-dev libcurl4-openssl-dev "
            "nodejs nginx-light h2o wrk postgresql").split()


def describe(build):
    """Lines on the machine and on what runs on it."""
    return [
        f"{_processor()}, {os.cpu_count()} cores, {_memory_gib()} GiB; "
        f"Linux {platform.release()}; {datetime.date.today().isoformat()}",
        f"Eddy {_commit()}, {build_kind(build)}, {_first_line('cc', '--version')}",
        ", ".join(f"{name} {version}" for name, version in _packages()),
    ]


def why_unfit(build):
    """A sentence on why figures of this build would mislead, or None."""
    if not os.path.exists(os.path.join(build, "build.ninja")):
        return f"{build} is no build folder"
    options = _options(build)
    if options.get("b_sanitize", "none") not in ("none", []):
        return f"{build} has sanitizers"
    if str(options.get("optimization")) not in ("2", "3"):
        return f"{build} is built with -O{options.get('optimization')}"
    return None


def _options(build):
    done = subprocess.run(["meson", "introspect", "--buildoptions", build], capture_output=True,
                          text=True, check=False)
    return {row["name"]: row["value"] for row in json.loads(done.stdout)} if done.stdout else {}


def optimisation(build):
    return str(_options(build).get("optimization"))


def build_kind(build):
    return f"-O{optimisation(build)}" + (" -g" if _options(build).get("debug") else "")


def _processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _commit():
    here = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run(["git", "-C", here, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "of unknown commit"


def _first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "no " + command[0]
    return (done.stdout.splitlines() or [""])[0]


def _packages():
    """(name, version) of the packages that are installed."""
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES],
                              capture_output=True, text=True, check=False)
    except OSError:
        return []
    rows = [line.split() for line in done.stdout.splitlines()]
    return [(row[0].removesuffix("-dev"), row[1]) for row in rows if len(row) == 2]
