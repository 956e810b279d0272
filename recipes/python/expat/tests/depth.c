#include <expat.h>
#include <stdio.h>
#include <string.h>

static int depth = 0, deepest = 0;

static void start(void *data, const char *name, const char **attributes) {
    (void)data, (void)name, (void)attributes;
    if (++depth > deepest) deepest = depth;
}

static void end(void *data, const char *name) {
    (void)data, (void)name;
    depth--;
}

/* Prints how deep a text of XML is; 0 when the library is the version that was asked for. */
int main(int count, char **arguments) {
    const char text[] = "<a><b><c/></b><b/></a>";
    XML_Parser parser = XML_ParserCreate("UTF-8");
    XML_SetElementHandler(parser, start, end);
    if (XML_Parse(parser, text, sizeof text - 1, 1) != XML_STATUS_OK) return 1;
    XML_ParserFree(parser);
    printf("%d\n", deepest);
    return count != 2 || strcmp(XML_ExpatVersion(), "expat_") < 0 || strcmp(XML_ExpatVersion() + 6, arguments[1]);
}
