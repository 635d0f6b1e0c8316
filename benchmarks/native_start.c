/*
 * What a cold start cannot be faster than: the same calls as the other contenders in C over OpenSSL,
 * then exec.
 *
 * One connection for each profile and one for the path, all in parallel, with verified certificates.
 * Nothing is signed, nothing is parsed beyond the end of a response and the token that the next call
 * repeats, no variable is set, and any error ends it.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 1 << 20, CONNECTIONS = 64 };

static SSL_CTX *context;
static struct addrinfo *place;
static char host[256];
static const char *port;

static void fail(const char *what)
{
    fprintf(stderr, "native_start: %s failed\n", what);
    exit(1);
}

static const char *required(const char *name)
{
    const char *value = getenv(name);
    if (!value)
        fail(name);
    return value;
}

/* One kept connection, and the last response on it. */
struct connection {
    SSL *tls;
    char data[MOST];
    char *body;
};

static struct connection *open_connection(void)
{
    struct connection *made = calloc(1, sizeof *made);
    int on = 1, plain = socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!made || connect(plain, place->ai_addr, place->ai_addrlen))
        fail("connect");
    setsockopt(plain, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    made->tls = SSL_new(context);
    SSL_set_fd(made->tls, plain);
    SSL_set_tlsext_host_name(made->tls, host);
    SSL_set1_host(made->tls, host);
    if (SSL_connect(made->tls) != 1)
        fail("SSL_connect");
    return made;
}

static void call(struct connection *on, const char *first, const char *fields, const char *body)
{
    char *request;
    int length = asprintf(&request, "%s HTTP/1.1\r\nhost:%s:%s\r\n%scontent-length:%zu\r\n\r\n%s",
                          first, host, port, fields, strlen(body), body);
    if (length < 0 || SSL_write(on->tls, request, length) != length)
        fail("SSL_write");
    free(request);
    size_t have = 0, wanted = MOST;
    while (have < wanted) {
        int got = SSL_read(on->tls, on->data + have, (int)(MOST - 1 - have));
        if (got <= 0)
            fail("SSL_read");
        on->data[have += (size_t)got] = 0;
        char *end = strstr(on->data, "\r\n\r\n");
        char *size = strcasestr(on->data, "\r\ncontent-length:");
        if (end && size) {
            on->body = end + 4;
            wanted = (size_t)(on->body - on->data) + strtoul(size + 17, NULL, 10);
        }
    }
    if (strncmp(on->data, "HTTP/1.1 2", 10))
        fail("a call");
}

/* Copy out the token that a response has under a name; NULL if it has none. */
static char *token(const struct connection *of, const char *name)
{
    char *found = strstr(of->body, name);
    if (!found)
        return NULL;
    found = strchr(found + strlen(name) + 1, '"') + 1;
    return strndup(found, strcspn(found, "\""));
}

static void *read_profile(void *profile)
{
    char *body, *first, *rest = profile;
    const char *application = strsep(&rest, "/"), *environment = strsep(&rest, "/");
    struct connection *made = open_connection();
    if (asprintf(&body,
                 "{\"ApplicationIdentifier\": \"%s\", \"EnvironmentIdentifier\": \"%s\", "
                 "\"ConfigurationProfileIdentifier\": \"%s\"}",
                 application, environment, rest) < 0)
        fail("asprintf");
    call(made, "POST /configurationsessions", "content-type:application/json\r\n", body);
    if (asprintf(&first, "GET /configuration?configuration_token=%s",
                 token(made, "\"InitialConfigurationToken\"")) < 0)
        fail("asprintf");
    call(made, first, "", "");
    return NULL;
}

static void *read_path(void *path)
{
    static const char fields[] = "content-type:application/x-amz-json-1.1\r\n"
                                 "x-amz-target:AmazonSSM.GetParametersByPath\r\n";
    struct connection *made = open_connection();
    char *body, *next = NULL;
    do {
        if (asprintf(&body,
                     "{\"Path\": \"%s\", \"Recursive\": true, \"WithDecryption\": true, "
                     "\"MaxResults\": 10%s%s%s}",
                     (char *)path, next ? ", \"NextToken\": \"" : "", next ? next : "",
                     next ? "\"" : "") < 0)
            fail("asprintf");
        call(made, "POST /", fields, body);
        free(body);
    } while ((next = token(made, "\"NextToken\"")));
    return NULL;
}

int main(int count, char **words)
{
    const struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    pthread_t threads[CONNECTIONS];
    int started = 0;
    char *profiles = strdup(required("PREFETCH_PROFILES")), *profile;
    if (count < 2 || sscanf(required("AWS_ENDPOINT_URL"), "https://%255[^:]", host) != 1)
        fail("a command and AWS_ENDPOINT_URL");
    port = strrchr(required("AWS_ENDPOINT_URL"), ':') + 1;
    if (getaddrinfo(host, port, &wanted, &place))
        fail("getaddrinfo");
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_load_verify_locations(context, required("AWS_CA_BUNDLE"), NULL) != 1)
        fail("AWS_CA_BUNDLE");
    while ((profile = strsep(&profiles, " ")) && started < CONNECTIONS - 1)
        pthread_create(&threads[started++], NULL, read_profile, profile);
    pthread_create(&threads[started++], NULL, read_path, (void *)required("PREFETCH_PATH"));
    while (started)
        pthread_join(threads[--started], NULL);
    execv(words[1], words + 1);
    fail("exec");
}
