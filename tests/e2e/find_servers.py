"""brink find against nginx and haproxy, whose limits are known, and what is seen on the way back."""

import servers
import tap
from finds import QUEUE, QUICK, TIMES, breaks_near, find


@tap.test
def a_limit_of_nginx_is_found():
    zone = "limit_req_zone $server_port zone=all:1m rate=2000r/s;"
    limit = "limit_req zone=all burst=40 nodelay; limit_req_status 429; " \
            "try_files /none @hello; } location @hello { return 200 'hello\\n';"
    for _ in range(TIMES):
        with servers.Nginx(http=zone, location=limit) as nginx:
            summary, result = find(nginx.url + "/", *QUICK)
        tap.equal(result.code, 0, f"exit code of {result}")
        breaks_near(summary, 2000, 0.10)
        tap.check(summary["find"]["shedding"], "it is said to shed what is too much")


@tap.test
def a_limit_of_haproxy_is_found():
    for _ in range(TIMES):
        with servers.Target("--service-time", "10ms") as target:
            behind = f"    timeout queue 1s\n    server one 127.0.0.1:{target.port} maxconn 20"
            with servers.Haproxy(backend=behind) as haproxy:
                summary, result = find(haproxy.url + "/", *QUICK)
        tap.equal(result.code, 0, f"exit code of {result}")
        breaks_near(summary, 2000, 0.10)  # 20 at once, of 10 ms each


@tap.test
def a_target_that_freezes_once_the_load_has_gone_is_named():
    with servers.Target(*QUEUE, "--freeze-after-load", "3s") as target:
        summary, _ = find(target.url + "/", "--from", "400", "--hold", "1s")
    after = summary["find"]["aftermath"]
    tap.check(after is not None, f"something went wrong afterwards: {summary['find']}")
    tap.equal((after["kind"], after["lasts"]), ("frozen", False), "what went wrong")
    tap.between(after["lasted_s"], 2, 4, "seconds that it lasted")
    tap.between(after["at_s"], 1.5, 3.2, "seconds after the load")
    breaks_near(summary, 4000, 0.05)


@tap.test
def a_target_that_takes_its_time_to_recover_is_timed():
    sulk = 20 if tap.LONG else 6
    with servers.Target(*QUEUE, "--sulk", f"{sulk}s") as target:
        flags = ("--from", "2000", "--confirm", "1", "--resolution", "60%", "--watch", "1s")
        summary, _ = find(target.url + "/", *flags, timeout=400)
    tap.between(summary["find"]["recovery_s"], sulk - 1, sulk + 1, "recovery in seconds")
    tap.check(summary["find"]["breaking_point"] is not None, "a breaking point")


@tap.test
def a_target_that_does_not_recover_is_told_of():
    with servers.Target(*QUEUE, "--sulk", "1m") as target:
        summary, _ = find(target.url + "/", *QUICK, "--recover", "2s", "--confirm", "1")
    tap.equal(summary["find"]["recovery_s"], None, "recovery")
    tap.check(summary["find"]["breaking_point"] is not None, "a breaking point")


tap.main()
