/* What librdkafka itself reaches, without a language above it:
 *
 *   librdkafka-limits consume|seek|latency key=value ...
 *
 * consume   servers topic group total              -> {"count","sum","readMs","firstMs","cpuMs","peakMb"}
 * seek      servers topic group total idleMs=1,2,  -> {"count","p50","p99","max"}
 * latency   servers topic group rate seconds warmUpSeconds bytes -> {"count","p50","p99","max"}
 *
 * The tasks are those of bench/tasks. Prints one line of JSON. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

static int argc_;
static char **argv_;

static void die(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static const char *argument(const char *name) {
  size_t length = strlen(name);
  for (int i = 2; i < argc_; i++) {
    if (!strncmp(argv_[i], name, length) && argv_[i][length] == '=') return argv_[i] + length + 1;
  }
  die(name, "missing");
  return NULL;
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double quantile(double *sorted, size_t count, double share) {
  size_t at = (size_t)(count * share + 0.999999);
  return count ? sorted[at ? at - 1 : 0] : 0;
}

/* Not ru_maxrss: that begins with what the process that started this one had. */
static double peak_mb(void) {
  char line[256];
  double kb = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) {
    if (!strncmp(line, "VmHWM:", 6)) kb = atof(line + 6);
  }
  if (status) fclose(status);
  return kb / 1024;
}

static void print_summary(double *values, size_t count) {
  qsort(values, count, sizeof *values, compare);
  printf("{\"count\":%zu,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f,\"peakMb\":%.1f}\n", count, quantile(values, count, .5),
         quantile(values, count, .99), quantile(values, count, 1), peak_mb());
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value) {
  char why[512];
  if (rd_kafka_conf_set(conf, key, value, why, sizeof why)) die(key, why);
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *reset) {
  char why[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", argument("servers"));
  if (type == RD_KAFKA_CONSUMER) {
    set(conf, "group.id", argument("group"));
    set(conf, "auto.offset.reset", reset);
  } else {
    set(conf, "acks", "all");
    set(conf, "linger.ms", "0");
  }
  rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
  if (!rk) die("rd_kafka_new", why);
  if (type == RD_KAFKA_CONSUMER) {
    rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, argument("topic"), RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(rk, topics);
    if (error) die("rd_kafka_subscribe", rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(topics);
  }
  return rk;
}

static uint32_t number(const void *payload) {
  uint32_t n;
  memcpy(&n, payload, sizeof n);
  return n;
}

static void consume(void) {
  enum { BATCH = 4096, BLOCK = 16 << 20 };
  static rd_kafka_message_t *messages[BATCH];
  char *block = malloc(BLOCK);
  long total = atol(argument("total")), count = 0;
  uint64_t sum = 0;
  double started = now_ms(), first = 0;
  rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, "earliest");
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(rk);
  size_t at = 0;
  while (count < total) {
    /* With a timeout it would wait for a full batch, the first one and the last one in vain: so it takes what is there,
     * and waits for a single message when nothing is. */
    ssize_t got = rd_kafka_consume_batch_queue(queue, 0, messages, BATCH);
    if (got <= 0) got = (messages[0] = rd_kafka_consume_queue(queue, 100)) != NULL;
    for (ssize_t i = 0; i < got; i++) {
      rd_kafka_message_t *message = messages[i];
      if (!message->err) {
        if (!first) first = now_ms();
        if (at + message->len > BLOCK) at = 0;
        memcpy(block + at, message->payload, message->len);
        sum += number(block + at);
        at += message->len;
        count++;
      }
      rd_kafka_message_destroy(message);
    }
  }
  double last = now_ms();
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = usage.ru_utime.tv_sec * 1e3 + usage.ru_utime.tv_usec / 1e3 + usage.ru_stime.tv_sec * 1e3 +
               usage.ru_stime.tv_usec / 1e3;
  printf("{\"count\":%ld,\"sum\":%llu,\"readMs\":%.3f,\"firstMs\":%.3f,\"cpuMs\":%.1f,\"peakMb\":%.1f}\n", count,
         (unsigned long long)sum, last - first, first - started, cpu, peak_mb());
  fflush(stdout);
  _exit(0);
}

/* Polls until all partitions are assigned. */
static void await_assignment(rd_kafka_t *rk) {
  for (int assigned = 0; !assigned;) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 20);
    if (message) rd_kafka_message_destroy(message);
    rd_kafka_topic_partition_list_t *list = NULL;
    if (!rd_kafka_assignment(rk, &list) && list) {
      assigned = list->cnt > 0;
      rd_kafka_topic_partition_list_destroy(list);
    }
  }
}

static void seek(void) {
  long total = atol(argument("total"));
  rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, "latest");
  await_assignment(rk);
  static double took[10000];
  size_t count = 0;
  for (const char *idle = argument("idleMs"); *idle;) {
    char *end;
    double until = now_ms() + strtod(idle, &end);
    idle = *end == ',' ? end + 1 : end;
    while (now_ms() < until) {
      rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, (int)(until - now_ms()) + 1);
      if (message) rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, argument("topic"), 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    double called = now_ms();
    rd_kafka_error_t *error = rd_kafka_seek_partitions(rk, list, 10000);
    if (error) die("rd_kafka_seek_partitions", rd_kafka_error_string(error));
    rd_kafka_topic_partition_list_destroy(list);
    for (int first = 1;;) {
      rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 1000);
      if (!message) continue;
      int last = 0;
      if (!message->err) {
        if (first && number(message->payload) != 0) die("seek", "the first message is not that of the beginning");
        if (first) took[count++] = now_ms() - called;
        first = 0;
        last = number(message->payload) == total - 1;
      }
      rd_kafka_message_destroy(message);
      if (last) break;
    }
  }
  print_summary(took, count);
  fflush(stdout);
  _exit(0);
}

static void latency(void) {
  double rate = atof(argument("rate")), seconds = atof(argument("seconds"));
  double warm_up = atof(argument("warmUpSeconds")) * 1000;
  size_t bytes = (size_t)atol(argument("bytes")), capacity = (size_t)(rate * seconds) + 1000, count = 0;
  double *took = malloc(capacity * sizeof *took);
  char *value = calloc(1, bytes);
  rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, "latest");
  await_assignment(consumer);
  rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, NULL);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, argument("topic"), NULL);
  double probed = 0, started = 0, end = 0;
  long sent = 0;
  while (!started || now_ms() < end + 500) {
    double now = now_ms();
    int due = !started ? (now - probed > 20) : now < end && sent < (now - started) * rate / 1000;
    if (due) {
      double at = now_ms();
      memcpy(value + 8, &at, sizeof at);
      if (!rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, value, bytes, NULL, 0, NULL) && started) sent++;
      if (!started) probed = now;
    }
    rd_kafka_poll(producer, 0);
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, due ? 0 : 1);
    if (!message) continue;
    if (!message->err) {
      double at;
      memcpy(&at, (char *)message->payload + 8, sizeof at);
      if (!started) {
        started = now_ms();
        end = started + warm_up + seconds * 1000;
      }
      if (at > started + warm_up && count < capacity) took[count++] = now_ms() - at;
    }
    rd_kafka_message_destroy(message);
  }
  print_summary(took, count);
  fflush(stdout);
  _exit(0);
}

int main(int argc, char **argv) {
  argc_ = argc;
  argv_ = argv;
  const char *task = argc > 1 ? argv[1] : "";
  if (!strcmp(task, "consume")) consume();
  if (!strcmp(task, "seek")) seek();
  if (!strcmp(task, "latency")) latency();
  die("task", "expected consume, seek or latency");
}
