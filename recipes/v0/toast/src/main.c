#include <stdlib.h>
#include <toast.h>

int main(int count, char **words) {
    toast_say("toast", count > 1 ? atoi(words[1]) : 1);
    return 0;
}
