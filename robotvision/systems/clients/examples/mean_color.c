/* Example recogniser: the room whose stored mean colour is nearest to the frame's.
 * Usage: mean_color MEANS, a file of lines "red green blue room". */
#include "robotvision.h"

#define MAX_ROOMS 64

int main(int argc, char **argv) {
  static double means[MAX_ROOMS][3];
  static char rooms[MAX_ROOMS][RV_NAME];
  int n_rooms = 0, c;
  rv_session s;
  rv_frame f;
  FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (!file) return fprintf(stderr, "usage: mean_color MEANS\n"), 2;
  while (n_rooms < MAX_ROOMS &&
         fscanf(file, "%lf %lf %lf %63[^\n]", &means[n_rooms][0], &means[n_rooms][1],
                &means[n_rooms][2], rooms[n_rooms]) == 4)
    n_rooms++;
  fclose(file);
  if (rv_open(&s, "mean-color", "rgb") != 0) return 1;
  while (rv_next(&s, &f) == 1) {
    const rv_image *rgb = rv_find_image(&f, "rgb");
    const unsigned char *p;
    unsigned long long sum[3] = {0, 0, 0};
    double n, nearest = -1;
    size_t i, pixels;
    int room, best = -1;
    if (!rgb) {
      rv_answer(&s, &f, NULL, -1);
      continue;
    }
    p = (const unsigned char *)rgb->data;
    pixels = rgb->shape[0] * rgb->shape[1];
    for (i = 0; i < pixels; i++)
      for (c = 0; c < 3; c++) sum[c] += p[3 * i + (size_t)c];
    n = (double)pixels;
    for (room = 0; room < n_rooms; room++) {
      double distance = 0;
      for (c = 0; c < 3; c++) {
        double d = means[room][c] - (double)sum[c] / n;
        distance += d * d;
      }
      if (best < 0 || distance < nearest) nearest = distance, best = room;
    }
    rv_answer(&s, &f, best < 0 ? NULL : rooms[best], 1 / (1 + nearest));
  }
  return rv_close(&s);
}
