"""brink run against nginx: what the summary counts is what nginx counted."""

import brink
import servers
import tap

DURATION = "10s" if tap.LONG else "3s"


def counted_load(nginx, *flags, **options):
    """A summary, and how many requests nginx read meanwhile: the second question is one."""
    before = nginx.requests()
    summary = brink.load(nginx.url + "/", *flags, **options)
    return summary, nginx.requests() - before - 1


@tap.test
def sixty_four_connections_balance_and_agree_with_nginx():
    with servers.Nginx() as nginx:
        summary, counted = counted_load(nginx, "-c", "64", "-d", DURATION, code=0)
    requests = summary["requests"]
    tap.equal(counted, requests["sent"], "requests that nginx read, and requests sent")
    tap.check(requests["ok"] > 1000, f"only {requests} in {DURATION}")
    tap.equal(requests["failed"], 0, f"failed requests, of {brink.outcomes(summary)}")
    tap.equal(summary["connections"]["open_max"], 64, "connections open at once")
    tap.equal(summary["connections"]["active_max"], 64, "connections that were answered")
    tap.equal(summary["status"], {"200": requests["ok"]}, "answers by status")


@tap.test
def connections_that_nginx_ends_after_a_thousand_requests_are_reopened():
    """keepalive_requests: the last answer says close, the next request needs a new connection,
    and no request is lost in between."""
    with servers.Nginx(http="keepalive_requests 100;") as nginx:
        summary, counted = counted_load(nginx, "-c", "8", "-n", "5000", code=0)
    tap.equal(summary["requests"]["ok"], 5000, "answers")
    tap.equal(counted, 5000, "requests that nginx read")
    tap.between(summary["connections"]["reopened"], 42, 50, "connections opened again")


@tap.test
def an_open_loop_offers_its_rate():
    with servers.Nginx() as nginx:
        summary, counted = counted_load(nginx, "-c", "16", "-R", "2000", "-d", "2s", code=0)
    tap.equal(summary["model"], "open", "model")
    tap.between(summary["requests"]["intended"], 3999, 4001, "requests due in 2 s at 2000/s")
    tap.equal(counted, summary["requests"]["sent"], "requests that nginx read")


@tap.test
def a_post_with_a_body_reaches_nginx_whole():
    """nginx answers 413 to a body above its limit, and reads on only below it."""
    with servers.Nginx(http="client_max_body_size 1k;") as nginx:
        small = brink.load(nginx.url + "/", "-n", "50", "-X", "POST", "--data", "x" * 1000, code=0)
        large = brink.load(nginx.url + "/", "-n", "50", "-X", "POST", "--data", "x" * 1100, code=3)
    tap.equal(brink.outcomes(small), {"ok": 50}, "below the limit")
    tap.equal(brink.outcomes(large), {"http_4xx": 50}, "above the limit")
    tap.equal(large["status"], {"413": 50}, "above the limit, by status")


@tap.test
def an_answer_in_chunks_is_read_to_its_end():
    """ssi makes nginx send chunks: it cannot know the length ahead."""
    ssi = "ssi on; ssi_types text/plain; return 200 '<!--# echo var=\"request_uri\" -->';"
    with servers.Nginx(location=ssi) as nginx:
        summary, counted = counted_load(nginx, "-c", "4", "-n", "400", code=0)
    tap.equal(brink.outcomes(summary), {"ok": 400}, "outcomes")
    tap.equal(counted, 400, "requests that nginx read")


tap.main()
