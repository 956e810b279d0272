#include <libbase64.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments) {
    char text[100];
    size_t size;
    if (count != 2 || strlen(arguments[1]) > 70) return 2;
    base64_encode(arguments[1], strlen(arguments[1]), text, &size, 0);
    printf("%.*s\n", (int)size, text);
    return 0;
}
