#ifndef TOAST_H
#define TOAST_H

/* How many words there are in a text. */
int toast_slices(const char *text);

/* Write the word so many times. */
void toast_say(const char *word, int times);

#endif
