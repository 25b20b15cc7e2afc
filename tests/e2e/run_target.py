"""brink run against brink target: every way to ask for load, against the target's own count."""

import brink
import servers
import tap


def counted_load(path, *flags, target=(), code=0, url=None):
    """A summary, and the target's own statistics after it."""
    with servers.Target(*target) as server:
        summary = brink.load((url or server.url) + path, *flags, code=code)
        return summary, server.stats()


def agree(summary, stats, count):
    tap.equal(summary["requests"]["sent"], count, "requests sent")
    tap.equal(stats["requests"], count, "requests that the target read")


@tap.test
def a_number_of_requests_is_exactly_that_number():
    for count, connections in ((1, 1), (1, 10), (7, 3), (1000, 16), (4999, 64)):
        summary, stats = counted_load("/", "-n", str(count), "-c", str(connections))
        tap.equal(brink.outcomes(summary), {"ok": count}, f"outcomes of -n {count}")
        agree(summary, stats, count)


@tap.test
def two_threads_share_the_number_exactly():
    summary, stats = counted_load("/", "-n", "5001", "-c", "17", "-t", "2")
    tap.equal(brink.outcomes(summary), {"ok": 5001}, "outcomes")
    tap.equal(summary["generator"]["threads"], 2, "threads")
    agree(summary, stats, 5001)


@tap.test
def a_closed_loop_counts_what_the_target_counts():
    summary, stats = counted_load("/", "-c", "32", "-d", "1s")
    agree(summary, stats, summary["requests"]["sent"])
    tap.equal(summary["model"], "closed", "model")
    tap.between(summary["elapsed_s"], 0.9, 2.0, "seconds")
    tap.equal(summary["generator"]["slots_left"], 0, "ring slots never given back")


@tap.test
def an_open_loop_counts_what_the_target_counts():
    summary, stats = counted_load("/", "-c", "32", "-d", "1s", "-R", "3k")
    agree(summary, stats, summary["requests"]["sent"])
    tap.between(summary["requests"]["intended"], 2999, 3001, "requests due in 1 s at 3000/s")
    tap.equal(summary["rate"]["offered_rps"], 3000, "rate offered")


@tap.test
def poisson_arrivals_repeat_from_their_seed():
    intended = []
    for seed in ("1", "1", "2"):
        summary, stats = counted_load("/", "-c", "32", "-R", "1000", "-d", "1s", "--poisson",
                                      "--seed", seed)
        agree(summary, stats, summary["requests"]["sent"])
        intended.append(summary["requests"]["intended"])
    tap.equal(intended[0], intended[1], "requests due, twice from one seed")
    tap.between(intended[2], 850, 1150, "requests due from another seed (1000, sigma 32)")


@tap.test
def warm_up_requests_are_sent_and_not_counted():
    summary, stats = counted_load("/", "-c", "8", "-R", "1000", "--warmup", "1s", "-d", "1s")
    tap.between(summary["requests"]["intended"], 999, 1001, "requests measured")
    tap.between(stats["requests"], 1990, 2010, "requests that the target read")


@tap.test
def without_keep_alive_every_request_has_a_connection_of_its_own():
    summary, stats = counted_load("/", "-n", "500", "-c", "8", "--no-keepalive")
    agree(summary, stats, 500)
    tap.equal(summary["connections"]["opened"], 500, "connections opened")
    tap.equal(stats["connections_accepted"], 500 + 1, "connections accepted, with ours")
    tap.equal(brink.outcomes(summary), {"ok": 500}, "outcomes")


@tap.test
def eight_requests_deep_all_are_answered():
    summary, stats = counted_load("/", "-n", "10000", "-c", "4", "--pipeline", "8")
    tap.equal(brink.outcomes(summary), {"ok": 10000}, "outcomes")
    agree(summary, stats, 10000)


@tap.test
def a_pipeline_cut_by_the_target_loses_no_request():
    """The target closes after 100 requests; those behind the last answer were never read."""
    summary, _ = counted_load("/", "-n", "2000", "-c", "4", "--pipeline", "8",
                              target=["--max-requests", "100"], code=None)
    tap.equal(sum(summary["outcomes"].values()), 2000, "requests ended")
    tap.check(summary["outcomes"]["ok"] >= 1800, f"outcomes: {brink.outcomes(summary)}")


@tap.test
def a_head_answer_has_no_body():
    summary, stats = counted_load("/body/4096", "-n", "200", "-c", "4", "-X", "HEAD")
    tap.equal(brink.outcomes(summary), {"ok": 200}, "outcomes")
    agree(summary, stats, 200)
    tap.check(summary["bytes"]["received"] < 200 * 1024, f"bytes: {summary['bytes']}")


@tap.test
def a_post_sends_its_body():
    body = "x" * 3000
    summary, stats = counted_load("/", "-n", "200", "-c", "4", "--data", body)
    tap.equal(brink.outcomes(summary), {"ok": 200}, "outcomes")
    agree(summary, stats, 200)
    tap.check(summary["bytes"]["sent"] > 200 * 3000, f"bytes: {summary['bytes']}")


@tap.test
def a_large_answer_is_read_to_its_end():
    summary, _ = counted_load("/body/1048576", "-n", "64", "-c", "8")
    tap.equal(brink.outcomes(summary), {"ok": 64}, "outcomes")
    tap.between(summary["bytes"]["received"], 64 << 20, (64 << 20) + 64 * 1024, "bytes")


@tap.test
def a_connection_that_the_target_ends_is_opened_again():
    summary, stats = counted_load("/", "-n", "1000", "-c", "4", target=["--max-requests", "100"])
    tap.equal(brink.outcomes(summary), {"ok": 1000}, "outcomes")
    agree(summary, stats, 1000)
    tap.between(summary["connections"]["reopened"], 6, 10, "connections opened again")


@tap.test
def ipv6_works():
    with servers.Target(listen="[::1]:0") as server:
        summary = brink.load(server.url + "/", "-n", "100", "-c", "4", code=0)
    tap.equal(brink.outcomes(summary), {"ok": 100}, "outcomes")


@tap.test
def a_name_is_resolved():
    with servers.Target() as server:
        summary = brink.load(f"http://localhost:{server.port}/", "-n", "100", "-c", "4", code=0)
    tap.equal(brink.outcomes(summary), {"ok": 100}, "outcomes")


@tap.test
def connect_to_changes_the_address_and_keeps_the_name():
    hosts = []

    def answer(sock, _server):
        while head := servers.read_request(sock):
            hosts.append([h for h in head.split(b"\r\n") if h.lower().startswith(b"host:")])
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with servers.Raw(answer) as raw:
        brink.load("http://shop.test/", "-n", "10", "-c", "2",
                   "--connect-to", f"127.0.0.1:{raw.port}", code=0)
    tap.equal(hosts, [[b"Host: shop.test"]] * 10, "Host headers")


@tap.test
def a_header_of_the_users_is_sent_once_as_given():
    heads = []

    def answer(sock, _server):
        while head := servers.read_request(sock):
            heads.append(head)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with servers.Raw(answer) as raw:
        brink.load(raw.url + "/a?b=c", "-n", "1", "-c", "1", "-H", "X-One:1", "-H",
                   "User-Agent: me", code=0)
    head = heads[0]
    tap.check(head.startswith(b"GET /a?b=c HTTP/1.1\r\n"), f"request line: {head!r}")
    tap.check(b"\r\nX-One: 1\r\n" in head or b"\r\nX-One:1\r\n" in head, f"X-One: {head!r}")
    tap.equal(head.lower().count(b"\r\nuser-agent:"), 1, f"User-Agent lines in {head!r}")
    tap.check(b"User-Agent: me\r\n" in head, f"User-Agent: {head!r}")


@tap.test
def a_pause_to_think_paces_a_closed_loop():
    """10 connections, an answer in no time and 100 ms of thought: near 100 requests a second."""
    summary, stats = counted_load("/", "-c", "10", "-d", "1s", "--think", "100ms")
    agree(summary, stats, summary["requests"]["sent"])
    tap.between(summary["requests"]["ok"], 70, 110, "answers")


@tap.test
def a_delay_shows_in_both_latencies():
    summary, _ = counted_load("/delay/50ms", "-n", "100", "-c", "10")
    for kind in ("intended", "service", "first_byte"):
        tap.between(summary["latency"][kind]["p50_us"], 49_900, 80_000, f"p50 of {kind}")


@tap.test
def a_target_below_the_rate_shows_queueing_in_intended_latency_alone():
    """4 connections at 20 ms each make 200/s; at 400/s half of a second's work is late."""
    summary, _ = counted_load("/delay/20ms", "-c", "4", "-R", "400", "-d", "2s", code=None)
    intended, service = (summary["latency"][k]["p90_us"] for k in ("intended", "service"))
    tap.check(service < 100_000, f"service p90 is {service} us")
    tap.check(intended > 400_000, f"intended p90 is {intended} us")


@tap.test
def an_unexpected_status_is_a_failed_check():
    summary, _ = counted_load("/status/204", "-n", "20", "--expect-status", "200", code=3)
    tap.equal(brink.outcomes(summary), {"check_failed": 20}, "204 where 200 is expected")
    summary, _ = counted_load("/status/404", "-n", "20", "--expect-status", "404")
    tap.equal(brink.outcomes(summary), {"ok": 20}, "404 where 404 is expected")


@tap.test
def statuses_fall_into_their_classes():
    cases = {200: "ok", 204: "ok", 301: "ok", 304: "ok", 400: "http_4xx", 404: "http_4xx",
             429: "shed", 500: "http_5xx", 503: "http_5xx"}
    for status, outcome in cases.items():
        summary, _ = counted_load(f"/status/{status}", "-n", "10", "-c", "2",
                                  code=0 if outcome == "ok" else 3)
        tap.equal(brink.outcomes(summary), {outcome: 10}, f"outcomes of {status}")
        tap.equal(summary["status"], {str(status): 10}, f"statuses of {status}")


def beyond_capacity(*flags):
    """One server of 10 ms and no queue: 100/s of 300/s can be served, the rest is turned away."""
    capacity = ["--service-time", "10ms", "--servers", "1", "--queue", "0", *flags]
    summary, stats = counted_load("/", "-c", "32", "-R", "300", "-d", "2s", target=capacity)
    agree(summary, stats, summary["requests"]["sent"])
    tap.between(summary["outcomes"]["ok"], 120, 202, "requests served in 2 s")
    return summary, stats


@tap.test
def what_a_full_target_turns_away_is_its_failure():
    summary, stats = beyond_capacity()
    tap.equal(summary["outcomes"].get("http_5xx"), stats["answers_503"], "answers of 503")
    tap.between(summary["rate"]["error_rate"], 0.6, 0.85, "error rate")


@tap.test
def what_it_turns_away_with_retry_after_is_shed():
    summary, stats = beyond_capacity("--retry-after", "1s")
    tap.equal(summary["outcomes"].get("shed"), stats["answers_503"], "answers of 503")
    tap.between(summary["rate"]["error_rate"], 0.6, 0.85, "error rate")


@tap.test
def connections_that_the_target_closes_at_once_are_never_active():
    summary, _ = counted_load("/", "-c", "100", "-d", "1s", target=["--max-connections", "40"])
    connections = summary["connections"]
    tap.between(connections["active_max"], 39, 40, f"answered at once: {connections}")
    tap.equal(connections["asked"], 100, "connections asked for")


tap.main()
