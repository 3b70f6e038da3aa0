# SPDX-License-Identifier: MIT
"""
The corners of the language that everyday operations seldom reach, as segments of a program: names
and messages, scopes that are declared first and entered later or twice, generators that hold a
scope or a lock while they yield, long chains of tasks, crowds at a queue or a barrier, objects made
anew under those who wait for them, values that are refused.

`g` is the generator of the program (generate.py), which has the random numbers and the names.
"""

from ordinary import blocker

CONDITIONS = ("done", "cancelled", "cancel")


def guarded(op, kinds="exc"):
    return ["try", [op], [[kinds, []]]]


def task_of(g, body):
    """A new task of this body, which nobody else knows, and the operation that makes it."""
    return g.task(g.new_coro(body), is_known=False)


def names(g):
    body = [["current"], ["set_name", "self", "n1"], ["sleep", g.delay()], ["current"]]
    task, op = task_of(g, body)
    out = [op, ["get_name", task], ["set_name", task, g.r.choice(["n2", "n3"])], ["current"]]
    g.tasks.append(task)
    return out + [["sleep", g.delay()], ["get_name", task]]


def cells(g):
    cell = g.r.choice(["n0", "n8", "n9"])
    compare = g.r.choice(["==", "!=", "<", "<=", ">", ">="])
    check = ["icmp", cell, compare, g.r.randint(-1, 2)]
    return [["iset", cell, g.r.randint(-1, 2)], ["if", check, [g.moment()], [g.moment()]],
            ["iadd", cell, g.r.choice([-1, 1])], check]


def conditions(g):
    pool = [[kind, name] for kind in CONDITIONS for name in g.tasks[-4:] + g.futures[-2:]]
    for kind, op in (("event", "is_set"), ("lock", "locked"), ("queue", "empty"),
                     ("queue", "full"), ("sem", "locked")):
        pool += [[op, name] for name in g.by[kind]]
    pool += [["expired", name] for name in g.timeouts[-2:]]
    pool += [["handle_cancelled", name] for name in g.handles[-2:]]
    if not pool:
        return [["log", "nothing"]]
    return [["if", g.pick(pool), [g.moment()], [g.moment()]]]


def messages(g):
    """Cancelled with a message that one alone can receive: nobody else knows the task."""
    inner = [["sleep", g.positive_delay()]]
    if g.p(0.3):
        inner = [["timeout", g.uid("o"), g.delay(), inner]]
    elif g.p(0.3):
        inner = [["await", g.new_coro(inner) + "()"]]
    elif g.p(0.3):
        child, op = task_of(g, [["try", inner, [["Cancelled", [["errmsg"], ["reraise"]]]]]])
        inner = [op, ["await", child]]
    after = g.r.choice([["reraise"], ["log", "kept"], ["sleep", 1]])
    caught = ["try", inner, [["Cancelled", [["errmsg"], after]]]]
    task, op = task_of(g, [caught, ["sleep", g.delay()]])
    out = [op, ["sleep", g.delay()]]
    for _ in range(g.r.randint(1, 3)):
        out.append(["cancel", task, g.r.choice(["m1", "m2", None])])
        if g.p(0.4):
            out.append(["sleep", g.delay()])
    return out + [["try", [["await", task]], [["Cancelled", [["errmsg"]]], ["any", []]]]]


def declared_scope(g):
    """A group or timeout that exists before it is entered, used too early, too late, and twice."""
    name = g.uid("z")
    child, leaf = g.uid("t"), g.new_coro(g.leaf_body())
    if g.p(0.5):
        g.objects[name] = ["taskgroup"]
        use = ["tg_spawn", name, child, leaf]
        g.groups.append(name)
    else:
        g.objects[name] = ["timeout", g.r.choice([None, 0, 2, 5, 9, 20])]
        use = ["reschedule", name, g.r.choice([None, -1, 0, 1, 4])]
        g.timeouts.append(name)
    out = [guarded(use)] if g.p(0.3) else []
    body = [use if g.p(0.7) else g.moment(), ["sleep", g.positive_delay()]]
    if g.p(0.2):
        body.append(guarded(["with", name, [["log", "twice"]]], "any"))
    out.append(["try", [["with", name, body]], [["any", [["log", "out"]]]]])
    if g.p(0.4):
        out.append(guarded(["with", name, [["sleep", 1]]], "any"))
    if g.p(0.4):
        out.append(guarded(use))
    return out


def holding_generator(g):
    """A generator that yields inside of a scope, a lock or another generator's loop."""
    inside = [["yield", 1], ["sleep", g.delay()], ["yield", 2]]
    k = g.r.random()
    if g.by["lock"] and k < 0.35:
        body = [["with", g.pick(g.by["lock"]), inside]]
    elif g.by["sem"] and k < 0.5:
        body = [["with", g.pick(g.by["sem"]), inside]]
    elif g.gens and k < 0.75:
        inner = g.uid("gv")
        body = [["agen", inner, g.pick(list(g.gens))], ["for", inner, [["yield", 5]]]]
    else:
        catch = g.r.choice(["GenExit", "Cancelled", "any", "Error"])
        last = g.r.choice([["reraise"], ["log", "gone"], ["sleep", 1], ["return"]])
        body = [["try", inside, [[catch, [["sleep", g.delay()], last]]], None, [["log", "left"]]]]
    name, value = g.uid("y"), g.uid("gv")
    g.gens[name] = body
    out = [["agen", value, name]]
    for _ in range(g.r.randint(1, 3)):
        use = g.r.choice([["anext", value], ["asend", value, g.value()], ["aclose", value],
                          ["for", value, [["break"]]], ["athrow", value, g.error()]])
        if g.p(0.5):
            task, op = task_of(g, [guarded(use, "any")])
            g.tasks.append(task)
            out += [op, ["sleep", g.delay()]]
            if g.p(0.3):
                out.append(["cancel", task])
        else:
            out.append(guarded(use, "any"))
    return out


def chain(g):
    """Tasks that await each other in a row; cancelled at one end or in the middle."""
    last, op = task_of(g, [blocker(g), ["return", g.value()]])
    row, out = [last], [op]
    for _ in range(g.r.randint(2, 5)):
        wait = g.r.choice([["await", row[-1]], ["wait_for", row[-1], g.positive_delay()],
                           ["shield", row[-1]], ["gather", [row[-1]], g.p(0.3)],
                           ["wait", [row[-1]], None, "ALL"]])
        body = [wait]
        if g.p(0.4):
            body = [["try", [wait], [["Cancelled", g.on_cancel()]]]]
        task, op = task_of(g, body)
        row.append(task)
        out.append(op)
    g.tasks.extend(row)
    out.append(["sleep", g.delay()])
    for _ in range(g.r.randint(1, 2)):
        out.append(["cancel", g.pick(row)])
        if g.p(0.5):
            out.append(["sleep", g.delay()])
    return out + [guarded(["await", row[-1]], "any")] + [["state", name] for name in row[:2]]


def crowd(g, body, disturb):
    """Some tasks that do the same, and what disturbs them while they do."""
    out, row = [], []
    for _ in range(g.r.randint(2, 5)):
        task, op = task_of(g, body())
        row.append(task)
        out.append(op)
        if g.p(0.3):
            out.append(["sleep", g.delay()])
    g.tasks.extend(row)
    for _ in range(g.r.randint(1, 4)):
        out.append(["sleep", g.delay()])
        out.append(["cancel", g.pick(row)] if g.p(0.4) else guarded(disturb(), "any"))
    return out


def queue_crowd(g):
    queue = g.pick(g.by["queue"]) or g.declare("queue", ["queue", g.r.choice([0, 1, 2])])

    def body():
        work = g.r.choice([
            [["get", queue], ["sleep", g.delay()], ["task_done", queue]],
            [["put", queue, g.number()]], [["put", queue, g.number()], ["join", queue]],
            [["get", queue]], [["join", queue], ["log", "joined"]]])
        return [["repeat", g.r.randint(1, 3), work]] if g.p(0.5) else work

    return crowd(g, body, lambda: g.r.choice([
        ["put_nowait", queue, g.number()], ["get_nowait", queue], ["task_done", queue],
        ["shutdown", queue], ["shutdown", queue, True], ["qsize", queue]]))


def barrier_crowd(g):
    barrier = g.declare("barrier", ["barrier", g.r.choice([1, 2, 2, 3, 4])])

    def body():
        step = ["with", barrier, [["sleep", g.delay()]]] if g.p(0.3) else ["bwait", barrier]
        if g.p(0.4):
            step = ["timeout", g.uid("o"), g.delay(), [step]]
        return [["repeat", g.r.randint(1, 2), [guarded(step, g.r.choice(["exc", "any"]))]]]

    return crowd(g, body, lambda: g.r.choice([
        ["breset", barrier], ["babort", barrier], ["binfo", barrier],
        ["wait_for", g.new_coro([["bwait", barrier]]) + "()", g.delay()]]))


def condition_crowd(g):
    lock = g.pick(g.by["lock"]) or g.declare("lock", ["lock"])
    first, second = (g.declare("cond", ["cond", lock]) for _ in range(2))

    def body():
        condition = g.r.choice([first, second])
        wait = ["cwait_for", condition, "n0", g.r.choice([">=", "!="]), g.r.randint(0, 2)] \
            if g.p(0.5) else ["cwait", condition]
        return [["with", condition, [wait, ["sleep", g.delay()]]]]

    def disturb():
        condition = g.r.choice([first, second])
        wake = g.r.choice([["notify", condition, g.r.randint(0, 3)], ["notify_all", condition]])
        return ["with", condition, [["iadd", "n0", 1], wake]]

    return crowd(g, body, disturb)


def made_anew(g):
    """Another object in the place of one that somebody waits for, or of none."""
    spec = g.r.choice([["lock"], ["event"], ["cond"], ["sem", 1], ["bsem", 0], ["queue", 1],
                       ["future"], ["barrier", 2], ["lqueue", 0], ["pqueue", 1], ["sem", -1],
                       ["barrier", 0]])
    kind = {"bsem": "sem", "lqueue": "queue", "pqueue": "queue"}.get(spec[0], spec[0])
    name = g.pick(g.by[kind]) if g.by[kind] and g.p(0.6) else g.uid("w")
    op = ["new", name, spec]
    return [guarded(op) if spec[-1] in (-1, 0) else op]


def refused(g):
    """What is empty, in the past, or too much."""
    task = g.pick(g.tasks) or "main"
    return [guarded(g.r.choice([
        ["wait", [], None, "ALL"], ["gather", [], g.p(0.5)], ["as_completed", "plain", [], 1, []],
        ["wait", [task], -1, "FIRST"], ["wait", [task, task], 1, "EXC"],
        ["as_completed", "async", [task, task], g.r.choice([-1, 0, 1]), []],
        ["sleep", -1], ["timeout", g.uid("o"), -1, [["sleep", 1]]],
        ["timeout_at", g.uid("o"), 0, [["sleep", g.delay()]]], ["wait_for", task, -1],
        ["await", "nobody"], ["gather", [task, "nobody"]], ["raise", "Timeout"]]), "any")]


def nested_shields(g):
    inner, op = task_of(g, g.leaf_body())
    g.tasks.append(inner)
    row, out = [inner], [op]
    for _ in range(g.r.randint(1, 3)):
        name = g.uid("x")
        out.append(["shield_start", name, row[-1]] if g.p(0.6) else
                   ["gather_start", name, [row[-1], *([inner] if g.p(0.3) else [])], g.p(0.3)])
        row.append(name)
    g.futures.extend(row[1:])
    for _ in range(g.r.randint(1, 3)):
        name = g.pick(row)
        out.append(g.r.choice([["cancel", name], ["sleep", g.delay()], ["state", name],
                               guarded(["await", name], "any")]))
    return out


def callback_that_works(g):
    """A callback that makes tasks and more callbacks, moves deadlines, and joins futures."""
    task, op = task_of(g, g.leaf_body())
    body = [op]
    if g.tasks:
        future = g.uid("g")
        body.append(["gather_start", future, [g.pick(g.tasks), task], g.p(0.5)])
        g.futures.append(future)
    if g.timeouts:
        body.append(guarded(["reschedule", g.pick(g.timeouts), g.r.choice([None, 0, 2])]))
    if g.callbacks:
        body.append(["call_later", None, g.delay(), g.pick(list(g.callbacks))])
    body.append(g.r.choice([["busy", 3], ["current"], ["all_tasks"], ["state", "self"]]))
    name = g.uid("h")
    g.callbacks[name] = body
    g.tasks.append(task)
    return [["call_later", None, g.delay(), name]]


def on_the_edge(g):
    """Deadlines that fall together: nested timeouts, timers and a sleep of the same length."""
    d = g.positive_delay()
    outer, inner = g.uid("o"), g.uid("o")
    g.timeouts += [outer, inner]
    body = [["timeout", inner, g.r.choice([d, d, d + 1, d - 1]), [["sleep", d]]]]
    if g.p(0.4):
        body = [["try", body, [["Timeout", [["log", "inner"], ["sleep", g.r.choice([0, 1])]]]]]]
    if g.p(0.3):
        task, op = task_of(g, [["sleep", d], ["cancel", "main"]])
        g.tasks.append(task)
        body = [op, *body]
    out = [guarded(["timeout", outer, d, body], "any")]
    return out + [["expired", outer], ["expired", inner], ["cancelling", "self"]]


SEGMENTS = (names, cells, conditions, messages, declared_scope, holding_generator, chain,
            queue_crowd, barrier_crowd, condition_crowd, made_anew, refused, nested_shields,
            callback_that_works, on_the_edge)


def segment(g):
    return g.r.choice(SEGMENTS)(g)
