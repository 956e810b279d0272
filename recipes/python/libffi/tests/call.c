#include <ffi.h>
#include <stdio.h>

static int add(int a, int b) { return a + b; }

static void answer(ffi_cif *cif, void *result, void **arguments, void *data) {
    (void)cif, (void)data;
    *(ffi_arg *)result = *(int *)arguments[0] + *(int *)arguments[1] + 1;
}

/* Calls a function by a description, and a description by a function pointer. */
int main(void) {
    ffi_cif cif;
    ffi_type *types[] = {&ffi_type_sint, &ffi_type_sint};
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 2, &ffi_type_sint, types) != FFI_OK) return 1;

    int a = 40, b = 2;
    ffi_arg sum;
    void *arguments[] = {&a, &b};
    ffi_call(&cif, FFI_FN(add), &sum, arguments);

    int (*code)(int, int);
    ffi_closure *closure = ffi_closure_alloc(sizeof *closure, (void **)&code);
    if (closure == NULL || ffi_prep_closure_loc(closure, &cif, answer, NULL, (void *)code) != FFI_OK) return 2;
    return printf("%d %d\n", (int)sum, code(a, b)) < 0;
}
