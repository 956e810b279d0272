#include <stdio.h>

#include <readline/history.h>
#include <readline/readline.h>

/* Reads one line, puts it into the history, and prints what the history has. */
int main(void) {
    char *line = readline("> ");
    if (line == NULL) return 1;
    using_history();
    add_history(line);
    return history_length != 1 || printf("\n%s\n", history_get(1)->line) < 0;
}
