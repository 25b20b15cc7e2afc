"""Every kernel feature that brink can do without, taken away by BRINK_DISABLE: alone, and all."""

import re

import brink
import servers
import tap

REQUESTS = 2000
ROW = re.compile(r"\s+([a-z]+)\s.*\bsince \d+\.\d+")  # "  direct  yes  since 6.7  without: ..."


def features(env=None):
    """Name -> line, of what `brink version --features` prints."""
    result = brink.run(["version", "--features"], env=env)
    tap.equal(result.code, 0, f"exit code: {result}")
    rows = [(ROW.match(line), line) for line in result.out.splitlines()]
    return {row[1]: line for row, line in rows if row}


NAMES = list(features())


def all_is_answered(disable):
    """Keep-alive, a connection for each request, and an open loop, without these features."""
    env = {"BRINK_DISABLE": disable}
    with servers.Target() as target:
        before = target.stats()["requests"]
        for flags in (["-n", str(REQUESTS)], ["-n", "200", "--no-keepalive"],
                      ["-n", str(REQUESTS), "--pipeline", "8"],
                      ["-R", "1000", "-d", "300ms", "-t", "2"]):
            summary = brink.load(target.url + "/body/9000", "-c", "16", *flags, env=env, code=0)
            tap.equal(set(brink.outcomes(summary)), {"ok"}, f"outcomes of {flags}")
            after = target.stats()["requests"]
            tap.equal(after - before, summary["requests"]["sent"], "requests the target read")
            before = after


def the_target_serves(disable):
    with servers.Target(prefix=["env", f"BRINK_DISABLE={disable}"]) as target:
        summary = brink.load(target.url + "/body/9000", "-c", "16", "-n", str(REQUESTS), code=0)
        tap.equal(brink.outcomes(summary), {"ok": REQUESTS}, "outcomes")


@tap.test
def there_are_features_to_take_away():
    tap.check(len(NAMES) >= 5, f"version --features lists {NAMES}")


@tap.test
def a_feature_taken_away_is_shown_as_missing():
    plain = features()
    for name in NAMES:
        line = features(env={"BRINK_DISABLE": name}).get(name, "")
        tap.check(line != plain[name], f"the line of {name} does not change: {line!r}")


for _name in NAMES:
    tap.add(f"without {_name} all is answered", lambda name=_name: all_is_answered(name))


@tap.test
def without_any_of_them_all_is_answered():
    all_is_answered(",".join(NAMES))


@tap.test
def the_target_serves_without_any_of_them():
    the_target_serves(",".join(NAMES))


@tap.test
def a_full_connection_table_without_any_of_them_is_closed_cleanly():
    with servers.Target() as target:
        summary = brink.load(target.url + "/", "-c", "500", "-d", "500ms",
                             env={"BRINK_DISABLE": ",".join(NAMES)}, code=0)
    tap.equal(summary["generator"]["slots_left"], 0, "ring slots never given back")


tap.main()
