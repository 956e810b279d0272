#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int sum;

static void *square(void *number) {
    atomic_fetch_add(&sum, (int)lround(pow(*(int *)number, 2)));
    return NULL;
}

int main(void) {
    pthread_t threads[3];
    int numbers[] = {1, 2, 3};
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, square, &numbers[i]);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
#pragma omp parallel for
    for (int i = 0; i < 6; i++) sum++;
    printf("%d\n", sum);
    return 0;
}
