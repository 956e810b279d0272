#include "toast.h"

#include <stdio.h>

int toast_slices(const char *text) {
    int count = 0;
    for (int inside = 0; *text; text++) {
        count += !inside && *text != ' ';
        inside = *text != ' ';
    }
    return count;
}

void toast_say(const char *word, int times) {
    for (int time = 0; time < times; time++) printf(time ? " %s" : "%s", word);
    puts("");
}
