"""brink run against haproxy: what the summary counts is what haproxy counted."""

import brink
import servers
import tap

DURATION = "10s" if tap.LONG else "3s"


@tap.test
def sixty_four_connections_balance_and_agree_with_haproxy():
    with servers.Haproxy() as haproxy:
        summary = brink.load(haproxy.url + "/", "-c", "64", "-d", DURATION, code=0)
        row = haproxy.frontend()
    requests = summary["requests"]
    tap.equal(int(row["req_tot"]), requests["sent"], "requests that haproxy read")
    tap.equal(int(row["hrsp_2xx"]), requests["ok"] + requests["in_flight_at_stop"],
              "answers that haproxy gave")
    tap.equal(int(row["smax"]), 64, "sessions at once that haproxy saw")
    tap.equal(requests["failed"], 0, f"failed requests, of {brink.outcomes(summary)}")


@tap.test
def a_connection_for_every_request_is_what_haproxy_accepted():
    with servers.Haproxy() as haproxy:
        before = int(haproxy.frontend()["conn_tot"])
        summary = brink.load(haproxy.url + "/", "-c", "8", "-n", "1000", "--no-keepalive", code=0)
        row = haproxy.frontend()
    tap.equal(brink.outcomes(summary), {"ok": 1000}, "outcomes")
    tap.equal(int(row["req_tot"]), 1000, "requests that haproxy read")
    tap.equal(int(row["conn_tot"]) - before, summary["connections"]["opened"],
              "connections that haproxy accepted")


@tap.test
def a_head_request_has_an_answer_without_a_body():
    with servers.Haproxy() as haproxy:
        summary = brink.load(haproxy.url + "/", "-c", "4", "-n", "400", "-X", "HEAD", code=0)
        counted = haproxy.requests()
    tap.equal(brink.outcomes(summary), {"ok": 400}, "outcomes")
    tap.equal(counted, 400, "requests that haproxy read")


tap.main()
