#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <lz4.h>

static PyObject *pack(PyObject *self, PyObject *arguments) {
    const char *data;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "y#", &data, &size)) return NULL;
    int room = LZ4_compressBound((int)size);
    PyObject *packed = PyBytes_FromStringAndSize(NULL, room);
    if (!packed) return NULL;
    int written = LZ4_compress_default(data, PyBytes_AS_STRING(packed), (int)size, room);
    return _PyBytes_Resize(&packed, written) ? NULL : packed;
}

static PyObject *unpack(PyObject *self, PyObject *arguments) {
    const char *packed;
    Py_ssize_t length, size;
    if (!PyArg_ParseTuple(arguments, "y#n", &packed, &length, &size)) return NULL;
    PyObject *data = PyBytes_FromStringAndSize(NULL, size);
    if (!data) return NULL;
    if (LZ4_decompress_safe(packed, PyBytes_AS_STRING(data), (int)length, (int)size) == size) return data;
    Py_DECREF(data);
    PyErr_SetString(PyExc_ValueError, "this is no block of that size");
    return NULL;
}

static PyObject *library(PyObject *self, PyObject *unused) { return PyUnicode_FromString(LZ4_versionString()); }

static PyMethodDef functions[] = {
    {"pack", pack, METH_VARARGS, "Return bytes as one block."},
    {"unpack", unpack, METH_VARARGS, "Return the bytes of a block, given how many they are."},
    {"library", library, METH_NOARGS, "Return the version of lz4."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "pylz4", "Blocks of lz4.", -1, functions};

PyMODINIT_FUNC PyInit_pylz4(void) { return PyModule_Create(&module); }
