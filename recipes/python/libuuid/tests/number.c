#include <stdio.h>
#include <uuid/uuid.h>

/* Prints a new random number. */
int main(void) {
    uuid_t number;
    char text[37];
    uuid_generate_random(number);
    uuid_unparse_lower(number, text);
    return puts(text) < 0;
}
