"""What brink run prints and how it ends: thresholds, and every form of the report."""

import brink
import servers
import tap


def judged(thresholds, code):
    with servers.Target() as target:
        return brink.load(target.url + "/", "-n", "100", *thresholds, code=code)


@tap.test
def thresholds_decide_the_exit_code():
    held = ["--threshold", "p(99)<5s", "--threshold", "errors<1%", "--threshold", "count>=100"]
    summary = judged(held, 0)
    tap.equal([t["ok"] for t in summary["thresholds"]], [True] * 3, "thresholds that hold")
    broken = held + ["--threshold", "max<1us", "--threshold", "ok>100"]
    summary = judged(broken, 99)
    tap.equal([t["ok"] for t in summary["thresholds"]], [True] * 3 + [False] * 2, "thresholds")
    tap.equal(summary["thresholds"][4]["expression"], "ok>100", "expression")


def in_format(form, *flags):
    with servers.Target() as server:
        args = ["run", server.url + "/", "-n", "200", "--accept-saturated", "--format", form]
        result = brink.run(args + list(flags))
    tap.equal(result.code, 0, f"exit code: {result}")
    return result


@tap.test
def the_text_keeps_wrks_greppable_lines():
    result = in_format("text", "-d", "10s", "-c", "4")
    lines = [line.strip() for line in result.out.splitlines()]
    tap.check(any(line.startswith("Running ") and " test @ http://" in line for line in lines),
              f"no line `Running T test @ URL`: {result}")
    for begin in ("Requests/sec:", "Transfer/sec:"):
        tap.equal(len([line for line in lines if line.startswith(begin)]), 1, f"lines {begin}")
    tap.contains(result.out, "200", "the text")


@tap.test
def csv_is_one_row_below_one_header():
    rows = [line.split(",") for line in in_format("csv").out.splitlines()]
    tap.equal(len(rows), 2, "lines")
    tap.equal(len(rows[0]), len(rows[1]), "columns")
    tap.check("200" in rows[1], f"no column with the 200 requests: {rows}")


@tap.test
def an_hdr_log_has_its_header_and_an_interval():
    lines = in_format("hdr").out.splitlines()
    tap.contains(lines[0], "#[", "the first line of the log")
    intervals = [line for line in lines if "HISTF" in line]
    tap.check(intervals, f"no V2 histogram in {lines}")


@tap.test
def quiet_prints_nothing_when_all_is_well():
    result = in_format("quiet")
    tap.equal(result.out, "", "standard output")


tap.main()
