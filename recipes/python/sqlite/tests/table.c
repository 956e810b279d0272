#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* Finds a word with the full text search and prints the number beside it; 0 when the library is the version asked for. */
int main(int count, char **arguments) {
    sqlite3 *database;
    sqlite3_stmt *query;
    const char *fill = "create virtual table words using fts5(text, answer);"
                       "insert into words values ('bake house', 42), ('brew house', 43);";
    if (sqlite3_open(":memory:", &database) != SQLITE_OK) return 1;
    if (sqlite3_exec(database, fill, NULL, NULL, NULL) != SQLITE_OK) return 2;
    if (sqlite3_prepare_v2(database, "select answer from words where text match 'bake'", -1, &query, NULL)) return 3;
    if (sqlite3_step(query) != SQLITE_ROW || !sqlite3_threadsafe()) return 4;
    printf("%d\n", sqlite3_column_int(query, 0));
    return count != 2 || strcmp(sqlite3_libversion(), arguments[1]);
}
