/* Downloads: at once or one after another, by libcurl's own waiting and on an event loop; a server that counts who is there. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/checksum.h"
#include "os/curllib.h"
#include "os/fetch.h"

enum { MANY = 8, BODY_NBYTES = 300000 };

/* Answers nobody before `together` requests have come and the gate is open. Request for /N gets N + 1 times BODY_NBYTES bytes of the value N. */
typedef struct server {
    int fd, port;
    int together;
    atomic_int open;
    pthread_t thread;
} server;

static void answer(int peer, const char *request)
{
    static uint8_t body[MANY * BODY_NBYTES];
    int n = request[5] - '0';
    size_t nbytes = (size_t)(n + 1) * BODY_NBYTES, sent;
    char head[128];

    memset(body, n, nbytes);
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", nbytes);
    if (send(peer, head, strlen(head), MSG_NOSIGNAL) > 0)
        for (sent = 0; sent < nbytes;) {
            ssize_t some = send(peer, body + sent, nbytes - sent, MSG_NOSIGNAL);
            if (some <= 0)
                break;
            sent += (size_t)some;
        }
    close(peer);
}

static void *serve(void *arg)
{
    server *s = arg;

    for (int done = 0; done < MANY; done += s->together) {
        int peers[MANY];
        char requests[MANY][1024];

        for (int i = 0; i < s->together; i++) {
            peers[i] = accept(s->fd, NULL, NULL);
            if (peers[i] < 0 || recv(peers[i], requests[i], sizeof requests[i] - 1, 0) < 6)
                return NULL;
        }
        while (!atomic_load(&s->open))
            usleep(1000);
        for (int i = s->together; i-- > 0;)
            answer(peers[i], requests[i]);
    }
    return NULL;
}

static void start(server *s, int together)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;

    *s = (server){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .together = together, .open = 1};
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->fd, MANY), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &size), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static ck_fetches *open_fetches(const server *s, unsigned at_once, bool on_loop)
{
    static char urls[MANY][64];
    const char *pointers[MANY];
    ck_fetch_config config = {.timeout_s = 10, .most_nbytes = 1 << 30, .agent = "test", .at_once = at_once, .on_loop = on_loop};
    ck_fetches *f;
    ck_error err;

    for (int i = 0; i < MANY; i++) {
        snprintf(urls[i], sizeof urls[i], "http://127.0.0.1:%d/%d.png", s->port, i);
        pointers[i] = urls[i];
    }
    if (ck_fetches_open(pointers, MANY, &config, &f, &err)) {
        print_message("%s\n", err.text);
        assert_null(f);
    }
    return f;
}

static void check(const ck_fetched *got, unsigned *seen)
{
    uint8_t *wanted;
    uint64_t nbytes = (got->index + 1) * BODY_NBYTES;

    assert_int_equal(got->err.status, CK_OK);
    assert_non_null(got->body);
    assert_int_equal(got->body->nbytes, nbytes);
    wanted = malloc(nbytes);
    memset(wanted, (int)got->index, nbytes);
    assert_int_equal(got->body->crc, ck_crc32(0, wanted, nbytes));
    free(wanted);
    assert_false(*seen >> got->index & 1);
    *seen |= 1u << got->index;
}

static void take_all(ck_fetches *f)
{
    unsigned seen = 0;
    ck_fetched got;
    int found;

    while ((found = ck_fetches_next(f, 1, &got)) >= 0)
        if (found) {
            check(&got, &seen);
            ck_body_free(&got.body);
        }
    assert_int_equal(seen, (1u << MANY) - 1);
}

static void run_case(int together, unsigned at_once, bool on_loop)
{
    server s;
    ck_fetches *f;

    start(&s, together);
    f = open_fetches(&s, at_once, on_loop);
    if (f)
        take_all(f);
    ck_fetches_close(&f);
    stop(&s);
    if (!f && !strcmp(ck_curl_build(), "without libcurl"))
        skip();
}

static void one_after_another(void **state)
{
    (void)state;
    run_case(1, 0, false);
}

static void at_once(void **state)
{
    (void)state;
    run_case(MANY, MANY, false);
}

static void at_once_on_a_loop(void **state)
{
    (void)state;
    run_case(MANY, MANY, true);
}

/* The server answers two together, and holds the third back until then: as one ends, the next begins. */
static void some_at_once(void **state)
{
    (void)state;
    run_case(2, 2, false);
    run_case(2, 2, true);
    run_case(1, 2, false);
}

/* Of the caller's, that stays its own, whatever becomes of the download. */
static void into_a_given_body(void **state)
{
    ck_fetch_config config = {.timeout_s = 10, .most_nbytes = 1 << 30, .agent = "test", .at_once = 1};
    char url[64];
    const char *urls[] = {url};
    unsigned seen = 0;
    ck_fetched got;
    ck_fetches *f;
    ck_error err;
    server s;

    (void)state;
    if (ck_fetch_load(&err))
        skip();
    start(&s, 1);
    for (int i = 0; i < 2; i++) {
        snprintf(url, sizeof url, "http://127.0.0.1:%d/3.png", s.port);
        assert_int_equal(ck_body_create("given", &config.into, &err), CK_OK);
        config.most_nbytes = i ? 1000 : 1 << 30; /* the second fails */
        assert_int_equal(ck_fetches_open(urls, 1, &config, &f, &err), CK_OK);
        while (!ck_fetches_next(f, 1, &got))
            ;
        got.index = 3;
        if (i)
            assert_int_equal(got.err.status, CHUNKIMG_LIMIT);
        else
            check(&got, &seen);
        assert_ptr_equal(got.body, i ? NULL : config.into);
        ck_fetches_close(&f);
        ck_body_free(&config.into);
    }
    stop(&s);
}

static void dropped_on_the_way(void **state)
{
    server s;

    (void)state;
    for (int on_loop = 0; on_loop < 2; on_loop++) {
        ck_fetched got;

        start(&s, MANY); /* answers nobody: not all come */
        ck_fetches *f = open_fetches(&s, 0, on_loop);
        if (f)
            assert_int_equal(ck_fetches_next(f, 0.05, &got), 0);
        ck_fetches_close(&f);
        stop(&s);
    }
}

#ifdef CK_HAVE_LIBUV

typedef struct watcher {
    ck_uv uv;
    uv_loop_t loop;
    uv_timer_t timer;
    ck_fetches *fetches;
    server *server;
    unsigned seen, ticks;
} watcher;

/* What else the loop does: it is not kept waiting by the downloads, and looks what has come. */
static void on_tick(uv_timer_t *timer)
{
    watcher *w = timer->data;
    ck_fetched got;

    if (++w->ticks == 3)
        atomic_store(&w->server->open, 1);
    while (ck_fetches_next(w->fetches, 0, &got) > 0) {
        check(&got, &w->seen);
        ck_body_free(&got.body);
    }
    if (w->seen == (1u << MANY) - 1) {
        ck_fetches_detach(w->fetches);
        w->uv.close((uv_handle_t *)timer, NULL);
    }
}

static void on_the_loop_of_somebody_else(void **state)
{
    watcher w = {.seen = 0};
    server s;
    ck_error err;

    (void)state;
    start(&s, MANY);
    atomic_store(&s.open, 0);
    w.server = &s;
    assert_int_equal(ck_uv_load(&w.uv, &err), CK_OK);
    w.fetches = open_fetches(&s, MANY, true);
    if (w.fetches) {
        w.uv.loop_init(&w.loop);
        w.timer.data = &w;
        w.uv.timer_init(&w.loop, &w.timer);
        w.uv.timer_start(&w.timer, on_tick, 1, 1);
        ck_fetches_attach(w.fetches, &w.uv, &w.loop);
        w.uv.run(&w.loop, UV_RUN_DEFAULT);
        assert_int_equal(w.uv.loop_close(&w.loop), 0); /* nothing of the downloads was left in it */
        assert_int_equal(w.seen, (1u << MANY) - 1);
        assert_true(w.ticks >= 3);
    }
    atomic_store(&s.open, 1);
    ck_fetches_close(&w.fetches);
    ck_uv_unload(&w.uv);
    stop(&s);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_another),
        cmocka_unit_test(at_once),
        cmocka_unit_test(at_once_on_a_loop),
        cmocka_unit_test(some_at_once),
        cmocka_unit_test(into_a_given_body),
        cmocka_unit_test(dropped_on_the_way),
#ifdef CK_HAVE_LIBUV
        cmocka_unit_test(on_the_loop_of_somebody_else),
#endif
    };
    setenv("no_proxy", "*", 1); /* the server is here */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
