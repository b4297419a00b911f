/* robotvision: a recogniser in C, started and asked by robotvision (wire protocol 1).
 *
 *   #include "robotvision.h"
 *   int main(void) {
 *     rv_session s; rv_frame f;
 *     if (rv_open(&s, "my recogniser", "rgb") != 0) return 1;
 *     while (rv_next(&s, &f) == 1) {
 *       const rv_image *rgb = rv_find_image(&f, "rgb");
 *       rv_answer(&s, &f, "Kitchen", 0.9);
 *     }
 *     return rv_close(&s);
 *   }
 *
 * C99 and POSIX, no dependencies; one file; copy it beside your program:
 *   cc -std=c99 -O2 my_program.c -o my_program
 * Include it before other headers, in one source file. Whatever the program prints goes to its log:
 * the real standard output is put aside for the protocol. An image is valid until the next frame.
 * Functions return 0 (rv_next: 1 a frame, 0 the end) or -1 with the reason in s.error.
 */
#ifndef ROBOTVISION_H
#define ROBOTVISION_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RV_MAX_IMAGES 16
#define RV_NAME 64

typedef enum { RV_UINT8, RV_UINT16, RV_FLOAT32 } rv_dtype;

/* One channel of a frame. Colour: UINT8, shape height, width, 3 (RGB). Depth: UINT16 millimetres,
 * height, width; 0 = no reading. Points: FLOAT32 metres, n, 3. In row order. */
typedef struct {
  char name[RV_NAME];
  rv_dtype dtype;
  int ndim;
  size_t shape[3];
  const void *data;
} rv_image;

typedef struct {
  long long index;        /* number of the frame in its sequence */
  long long timestamp_ns; /* when the cameras took it */
  long long deadline_ns;  /* from its falling due; -1: there is none */
  long long sequence;
  int is_first; /* a sequence begins: forget the last one */
  int n_images;
  rv_image images[RV_MAX_IMAGES];
} rv_frame;

typedef struct {
  char *hello;   /* the JSON of the first message; see rv_text and rv_number */
  char *cameras; /* the JSON of the sequence under way: channels, calibration, rate_hz */
  char error[256];
  /* private */
  int out, is_shm, is_first, is_eof;
  char *line;
  size_t have, used, capacity;
  unsigned char *memory, *pixels;
  size_t memory_bytes, pixels_capacity;
} rv_session;

/* ---- JSON: just enough to walk what the harness sends ---- */

static inline const char *rv__blank(const char *p) {
  while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n') p++;
  return p;
}

static inline const char *rv__past_string(const char *p) { /* p at the opening quote */
  for (p++; *p && *p != '"'; p++)
    if (*p == '\\' && p[1]) p++;
  return *p ? p + 1 : p;
}

static inline const char *rv__past(const char *p) { /* past the value at p */
  int depth = 0;
  p = rv__blank(p);
  do {
    if (*p == '"') {
      p = rv__past_string(p);
    } else if (*p == '{' || *p == '[') {
      depth++;
      p++;
    } else if (*p == '}' || *p == ']') {
      depth--;
      p++;
    } else if (*p == ',' || *p == ':') {
      p++;
    } else {
      while (*p && !strchr(",:{}[]\" \t\r\n", *p)) p++;
    }
    p = rv__blank(p);
  } while (*p && depth > 0);
  return p;
}

static inline int rv__hex(const char *p) {
  char digits[5];
  memcpy(digits, p, 4);
  digits[4] = 0;
  return (int)strtol(digits, NULL, 16);
}

/* Copy the string at p (an opening quote) into text as UTF-8; cut where it does not fit. */
static inline void rv__string(const char *p, char *text, size_t size) {
  size_t n = 0;
  for (p++; *p && *p != '"' && n + 5 < size; p++) {
    long c;
    if (*p != '\\') {
      text[n++] = *p;
      continue;
    }
    p++;
    c = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p == 'r' ? '\r' : *p == 'b' ? '\b'
      : *p == 'f' ? '\f' : (unsigned char)*p;
    if (*p == 'u' && strlen(p) > 4) {
      c = rv__hex(p + 1);
      p += 4;
      if (c >= 0xD800 && c < 0xDC00 && p[1] == '\\' && p[2] == 'u' && strlen(p) > 6) {
        c = 0x10000 + ((c - 0xD800) << 10) + (rv__hex(p + 3) - 0xDC00);
        p += 6;
      }
    }
    if (c < 0x80) {
      text[n++] = (char)c;
    } else if (c < 0x800) {
      text[n++] = (char)(0xC0 | c >> 6);
      text[n++] = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
      text[n++] = (char)(0xE0 | c >> 12);
      text[n++] = (char)(0x80 | (c >> 6 & 63));
      text[n++] = (char)(0x80 | (c & 63));
    } else {
      text[n++] = (char)(0xF0 | c >> 18);
      text[n++] = (char)(0x80 | (c >> 12 & 63));
      text[n++] = (char)(0x80 | (c >> 6 & 63));
      text[n++] = (char)(0x80 | (c & 63));
    }
  }
  text[n] = 0;
}

/* Return the value of a key of the object at p, or NULL. */
static inline const char *rv__get(const char *p, const char *key) {
  char name[256];
  if (!p) return NULL;
  p = rv__blank(p);
  if (*p != '{') return NULL;
  p = rv__blank(p + 1);
  while (*p == '"') {
    rv__string(p, name, sizeof name);
    p = rv__blank(rv__past_string(p));
    if (*p == ':') p = rv__blank(p + 1);
    if (strcmp(name, key) == 0) return p;
    p = rv__past(p);
    if (*p == ',') p = rv__blank(p + 1);
  }
  return NULL;
}

/* Return the value at a path of keys: "calibration.rgb.fx"; a number picks from an array. */
static inline const char *rv__at(const char *p, const char *path) {
  char key[256];
  size_t n;
  while (p && *path) {
    n = strcspn(path, ".");
    if (n >= sizeof key) return NULL;
    memcpy(key, path, n);
    key[n] = 0;
    path += path[n] ? n + 1 : n;
    p = rv__blank(p);
    if (*p == '[') {
      long i = strtol(key, NULL, 10);
      for (p = rv__blank(p + 1); i > 0 && *p && *p != ']'; i--) {
        p = rv__past(p);
        if (*p == ',') p = rv__blank(p + 1);
      }
      if (*p == ']' || !*p) return NULL;
    } else {
      p = rv__get(p, key);
    }
  }
  return p;
}

/* Copy the text at a path of s->hello or s->cameras: rv_text(s.hello, "task.rooms.0", ...).
 * Returns 1, or 0 where there is no text. */
static inline int rv_text(const char *json, const char *path, char *text, size_t size) {
  const char *p = rv__at(json, path);
  if (!p || *p != '"') return 0;
  rv__string(p, text, size);
  return 1;
}

/* Return the number at a path: rv_number(s.cameras, "calibration.rgb.fx", 0.0). */
static inline double rv_number(const char *json, const char *path, double otherwise) {
  const char *p = rv__at(json, path);
  if (!p || !(*p == '-' || (*p >= '0' && *p <= '9'))) return otherwise;
  return strtod(p, NULL);
}

static inline long long rv__whole(const char *json, const char *path, long long otherwise) {
  const char *p = rv__at(json, path);
  if (!p || !(*p == '-' || (*p >= '0' && *p <= '9'))) return otherwise;
  return strtoll(p, NULL, 10);
}

/* ---- lines ---- */

static inline int rv__fail(rv_session *s, const char *why) {
  snprintf(s->error, sizeof s->error, "%s", why);
  fprintf(stderr, "robotvision.h: %s\n", s->error);
  return -1;
}

static inline int rv__fill(rv_session *s) { /* read more behind s->line[s->have] */
  ssize_t n;
  if (s->used > 0) {
    memmove(s->line, s->line + s->used, s->have - s->used);
    s->have -= s->used;
    s->used = 0;
  }
  if (s->capacity - s->have < 65537) {
    char *more = (char *)realloc(s->line, s->capacity * 2 + 131072);
    if (!more) return rv__fail(s, "out of memory");
    s->line = more;
    s->capacity = s->capacity * 2 + 131072;
  }
  n = read(0, s->line + s->have, 65536);
  if (n <= 0) {
    s->is_eof = 1;
    return 0;
  }
  s->have += (size_t)n;
  return 1;
}

/* Return the JSON of the next control line, or NULL at the end. Valid until the next call. */
static inline const char *rv__message(rv_session *s) {
  size_t from = s->used;
  for (;;) {
    char *end = s->have > from ? (char *)memchr(s->line + from, '\n', s->have - from) : NULL;
    if (!end) {
      size_t seen = s->have - s->used;
      if (rv__fill(s) != 1) return NULL;
      from = s->used + seen;
      continue;
    }
    *end = 0;
    {
      const char *text = s->line + s->used;
      s->used = from = (size_t)(end - s->line) + 1;
      if (strncmp(text, "@rv1 ", 5) == 0) return text + 5;
    }
  }
}

static inline int rv__is(const char *json, const char *type) {
  char found[32] = "";
  return rv_text(json, "type", found, sizeof found) && strcmp(found, type) == 0;
}

static inline int rv__write(rv_session *s, const char *text, size_t n) {
  while (n > 0) {
    ssize_t written = write(s->out, text, n);
    if (written <= 0) return rv__fail(s, "robotvision went away");
    text += written;
    n -= (size_t)written;
  }
  return 0;
}

typedef struct {
  char *text;
  size_t n, capacity;
} rv__text_buffer;

static inline void rv__add(rv__text_buffer *b, const char *text) {
  size_t n = strlen(text);
  if (b->capacity - b->n < n + 1) {
    b->capacity = (b->n + n + 1) * 2;
    b->text = (char *)realloc(b->text, b->capacity);
    if (!b->text) abort();
  }
  memcpy(b->text + b->n, text, n + 1);
  b->n += n;
}

static inline void rv__add_string(rv__text_buffer *b, const char *text) {
  char code[8];
  rv__add(b, "\"");
  for (; *text; text++) {
    if (*text == '"' || *text == '\\' || (unsigned char)*text < 32)
      snprintf(code, sizeof code, "\\u%04x", (unsigned)(unsigned char)*text);
    else
      snprintf(code, sizeof code, "%c", *text);
    rv__add(b, code);
  }
  rv__add(b, "\"");
}

/* Add the first of names with commas between; returns where the others begin. */
static inline const char *rv__add_first(rv__text_buffer *b, const char *names) {
  char name[RV_NAME];
  size_t n = strcspn(names, ","), kept = n < sizeof name ? n : sizeof name - 1;
  memcpy(name, names, kept);
  name[kept] = 0;
  rv__add_string(b, name);
  return names + n + (names[n] == ',');
}

static inline int rv__send(rv_session *s, rv__text_buffer *b) {
  int result;
  rv__add(b, "}\n");
  result = rv__write(s, b->text, b->n);
  free(b->text);
  return result;
}

static inline char *rv__copy(const char *text) {
  size_t n = strlen(text) + 1;
  char *copy = (char *)malloc(n);
  if (!copy) abort();
  memcpy(copy, text, n);
  return copy;
}

/* ---- the four functions ---- */

/* Greet the harness. name: what reports call the program, or NULL; channels: those wanted, as
 * "rgb,depth", or NULL for all. Load what takes long before this call. */
static inline int rv_open(rv_session *s, const char *name, const char *channels) {
  const char *json;
  char path[128], transport[16] = "";
  rv__text_buffer b = {NULL, 0, 0};
  memset(s, 0, sizeof *s);
  fflush(stdout);
  s->out = dup(1);
  if (s->out < 0 || dup2(2, 1) < 0) return rv__fail(s, "no standard output");
  json = rv__message(s);
  if (!json || !rv__is(json, "hello"))
    return rv__fail(s, "this program is started by robotvision: robotvision test-system -- ...");
  s->hello = rv__copy(json);
  s->cameras = rv__copy(json);
  rv_text(s->hello, "transports.0", transport, sizeof transport);
  s->is_shm = strcmp(transport, "shm") == 0;
  if (s->is_shm) {
    int fd;
    s->memory_bytes = (size_t)rv__whole(s->hello, "shm.bytes", 0);
    if (!rv_text(s->hello, "shm.path", path, sizeof path)) return rv__fail(s, "no shm.path");
    fd = open(path, O_RDONLY);
    if (fd < 0) return rv__fail(s, "the shared memory cannot be opened");
    s->memory = (unsigned char *)mmap(NULL, s->memory_bytes, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (s->memory == (unsigned char *)MAP_FAILED) {
      s->memory = NULL;
      return rv__fail(s, "the shared memory cannot be mapped");
    }
  }
  rv__add(&b, "\n@rv1 {\"type\":\"ready\",\"version\":1,\"transport\":");
  rv__add_string(&b, transport);
  if (name) {
    rv__add(&b, ",\"name\":");
    rv__add_string(&b, name);
  }
  if (channels) {
    const char *p = channels;
    rv__add(&b, ",\"channels\":[");
    while (*p) {
      if (p != channels) rv__add(&b, ",");
      p = rv__add_first(&b, p);
    }
    rv__add(&b, "]");
  }
  return rv__send(s, &b);
}

static inline int rv__raw(rv_session *s, size_t n) { /* n bytes of pixels that follow a frame's line */
  size_t have = s->have - s->used < n ? s->have - s->used : n;
  if (s->pixels_capacity < n) {
    free(s->pixels);
    s->pixels = (unsigned char *)malloc(n);
    s->pixels_capacity = s->pixels ? n : 0;
    if (!s->pixels) return rv__fail(s, "out of memory");
  }
  memcpy(s->pixels, s->line + s->used, have);
  s->used += have;
  while (have < n) {
    ssize_t got = read(0, s->pixels + have, n - have);
    if (got <= 0) return rv__fail(s, "robotvision went away in the middle of a frame");
    have += (size_t)got;
  }
  return 0;
}

static inline int rv__images(rv_session *s, rv_frame *f, const char *json) {
  const char *p = rv__get(json, "images");
  char dtype[16], key[16];
  int i;
  f->n_images = 0;
  if (!p || *p != '{') return rv__fail(s, "a frame without images");
  for (p = rv__blank(p + 1); *p == '"' && f->n_images < RV_MAX_IMAGES;) {
    rv_image *image = &f->images[f->n_images++];
    rv__string(p, image->name, sizeof image->name);
    p = rv__blank(rv__past_string(p));
    if (*p == ':') p = rv__blank(p + 1);
    rv_text(p, "dtype", dtype, sizeof dtype);
    image->dtype = strcmp(dtype, "uint8") == 0 ? RV_UINT8
                 : strcmp(dtype, "uint16") == 0 ? RV_UINT16 : RV_FLOAT32;
    image->ndim = 0;
    for (i = 0; i < 3; i++) {
      long long n;
      snprintf(key, sizeof key, "shape.%d", i);
      n = rv__whole(p, key, -1);
      if (n < 0) break;
      image->shape[image->ndim++] = (size_t)n;
    }
    image->data = (s->is_shm ? s->memory : s->pixels) + rv__whole(p, "offset", 0);
    p = rv__past(p);
    if (*p == ',') p = rv__blank(p + 1);
  }
  return 0;
}

/* Wait for the next frame. Returns 1, 0 at the end, -1 on an error. */
static inline int rv_next(rv_session *s, rv_frame *f) {
  const char *json;
  while ((json = rv__message(s)) != NULL) {
    if (rv__is(json, "bye")) return 0;
    if (rv__is(json, "reset")) {
      free(s->cameras);
      s->cameras = rv__copy(json);
      s->is_first = 1;
    }
    if (!rv__is(json, "frame")) continue;
    f->index = rv__whole(json, "index", -1);
    f->timestamp_ns = rv__whole(json, "timestamp_ns", 0);
    f->deadline_ns = rv__whole(json, "deadline_ns", -1);
    f->sequence = rv__whole(json, "sequence", 0);
    f->is_first = s->is_first;
    s->is_first = 0;
    {
      char *kept = rv__copy(json); /* reading pixels moves the line */
      int result = s->is_shm ? 0 : rv__raw(s, (size_t)rv__whole(kept, "bytes", 0));
      if (result == 0) result = rv__images(s, f, kept);
      free(kept);
      return result == 0 ? 1 : -1;
    }
  }
  return s->is_eof ? 0 : -1;
}

/* Return a frame's image by channel, or NULL where the frame has none. */
static inline const rv_image *rv_find_image(const rv_frame *f, const char *channel) {
  int i;
  for (i = 0; i < f->n_images; i++)
    if (strcmp(f->images[i].name, channel) == 0) return &f->images[i];
  return NULL;
}

/* Answer a frame, objects as well: present and absent are "Chair,Screen" or NULL. */
static inline int rv_answer_objects(rv_session *s, const rv_frame *f, const char *room, double confidence,
                             const char *present, const char *absent) {
  char number[64];
  const char *lists[2];
  int i, n_objects = 0;
  rv__text_buffer b = {NULL, 0, 0};
  lists[0] = absent;
  lists[1] = present;
  rv__add(&b, "\n@rv1 {\"type\":\"answer\",\"index\":");
  snprintf(number, sizeof number, "%lld,\"sequence\":%lld", f->index, f->sequence);
  rv__add(&b, number);
  rv__add(&b, ",\"room\":");
  if (room)
    rv__add_string(&b, room);
  else
    rv__add(&b, "null");
  if (confidence >= 0) {
    snprintf(number, sizeof number, ",\"confidence\":%.17g", confidence);
    rv__add(&b, number);
  }
  rv__add(&b, ",\"objects\":{");
  for (i = 0; i < 2; i++) {
    const char *p = lists[i] ? lists[i] : "";
    while (*p) {
      if (n_objects++) rv__add(&b, ",");
      p = rv__add_first(&b, p);
      rv__add(&b, i ? ":true" : ":false");
    }
  }
  rv__add(&b, "}");
  return rv__send(s, &b);
}

/* Answer a frame. room: a label of the task, or NULL: no answer; confidence: in [0, 1], or below 0
 * where there is none. */
static inline int rv_answer(rv_session *s, const rv_frame *f, const char *room, double confidence) {
  return rv_answer_objects(s, f, room, confidence, NULL, NULL);
}

/* Let go of everything; returns the exit status for main. */
static inline int rv_close(rv_session *s) {
  if (s->memory) munmap(s->memory, s->memory_bytes);
  free(s->hello);
  free(s->cameras);
  free(s->line);
  free(s->pixels);
  close(s->out);
  return s->error[0] ? 1 : 0;
}

#endif
