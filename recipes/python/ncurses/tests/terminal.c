#include <curses.h>
#include <stdio.h>
#include <term.h>

/* Prints how many colours the terminal has, as its description says. */
int main(void) {
    int error = 0;
    if (setupterm(NULL, 1, &error) != OK) return 1;
    return printf("%d colours\n", tigetnum("colors")) < 0 || !curses_version();
}
