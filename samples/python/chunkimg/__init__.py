"""chunkimg from Python, by ctypes over the installed library.

    import chunkimg

    result = chunkimg.run("photo.png", output="tiles", tiles="8x8", mode="threads", workers=2)
    print(result["wall_s"], result["digest"])

Every option of the command line is a keyword (dashes become underscores; a
list repeats the option), and is parsed and checked by the library itself. A
failure is raised as chunkimg.Error with the library's own sentence.

The GIL is let go for as long as a call is inside the library: jobs in several
Python threads run at the same time. A job in the mode "processes" forks, and
must be run before the program has threads of its own.

No layout of a structure is repeated here. The library tells where its options
and figures lie, so that this package and a newer library fit together; one of
another major version is refused. CHUNKIMG_LIBRARY names the library's file
where the system's loader does not find it.
"""

import ctypes
import ctypes.util
import os

__all__ = ["Error", "Library", "library", "run", "plan", "version"]

_MAJOR = "0"
_OPTIONS_ROOM = 1 << 16  # more than any version's chunkimg_options
_ERROR_ROOM = 4096
_UNKNOWN = 2**64 - 1  # CHUNKIMG_UNKNOWN: a figure that the system or the mode does not tell
_ERROR_TEXT = 16  # after status, errno, column and row, four bytes each


class Error(Exception):
    """What the library says. status: its exit code on the command line."""

    def __init__(self, text, status):
        super().__init__(text)
        self.status = status


class _Field(ctypes.Structure):
    """chunkimg_field: one member of a result or a plan."""

    _fields_ = [("name", ctypes.c_char_p), ("offset", ctypes.c_size_t), ("nbytes", ctypes.c_size_t), ("kind", ctypes.c_char)]


_KINDS = {b"f": {8: ctypes.c_double}, b"u": {1: ctypes.c_uint8, 4: ctypes.c_uint32, 8: ctypes.c_uint64},
          b"i": {4: ctypes.c_int32, 8: ctypes.c_int64}, b"t": {ctypes.sizeof(ctypes.c_void_p): ctypes.c_char_p}}


def _value(base, field):
    kinds = _KINDS[field.kind]
    if field.nbytes in kinds:
        value = kinds[field.nbytes].from_address(base + field.offset).value
        if value == _UNKNOWN:
            return None
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    unit, kind = next(iter(kinds.items()))  # several of them
    return list((kind * (field.nbytes // unit)).from_address(base + field.offset))


def _fields(base, table):
    values, i = {}, 0
    while table[i].name is not None:
        values[table[i].name.decode()] = _value(base, table[i])
        i += 1
    return values


class _Options:
    """A chunkimg_options, filled through the library's own table of options."""

    def __init__(self, lib, given):
        self.buffer = ctypes.create_string_buffer(_OPTIONS_ROOM)
        self.keep = []  # texts are borrowed by the library
        self.lib = lib
        lib.chunkimg_options_init(self.buffer)
        size = ctypes.c_size_t.from_buffer(self.buffer).value  # the first member is the structure's own size
        if not 2 * ctypes.sizeof(ctypes.c_size_t) <= size <= _OPTIONS_ROOM:
            raise Error("the library's options are not those of this package's version", 2)
        for name, value in given.items():
            self._set(name.replace("_", "-"), value)

    def _set(self, name, value):
        if value is None or value is False:
            return
        for one in value if isinstance(value, (list, tuple)) else [value]:
            text = None if one is True else os.fsencode(str(one))
            self.keep.append(text)
            error = ctypes.create_string_buffer(_ERROR_ROOM)
            if self.lib.chunkimg_option_set(self.lib.chunkimg_job_options(), self.buffer, name.encode(), text, error):
                raise Library.failure(self.lib, error)

    def set_input(self, path):
        text = ctypes.c_char_p(os.fsencode(path))
        self.keep.append(text)
        ctypes.memmove(ctypes.addressof(self.buffer) + ctypes.sizeof(ctypes.c_size_t), ctypes.addressof(text),
                       ctypes.sizeof(text))


class Library:
    """The loaded library. One is enough for all threads."""

    def __init__(self, path=None):
        path = path or os.environ.get("CHUNKIMG_LIBRARY") or ctypes.util.find_library("chunkimg") or "libchunkimg.so"
        self.lib = ctypes.CDLL(path)  # CDLL lets the GIL go around every call
        for name in ("chunkimg_version", "chunkimg_status_text"):
            getattr(self.lib, name).restype = ctypes.c_char_p
        for name in ("chunkimg_job_options", "chunkimg_job_plan", "chunkimg_job_result"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        for name in ("chunkimg_result_fields", "chunkimg_plan_fields"):
            getattr(self.lib, name).restype = ctypes.POINTER(_Field)
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        self.lib.chunkimg_option_set.argtypes = [pointer, pointer, text, text, pointer]
        self.lib.chunkimg_open.argtypes = [pointer, pointer, pointer]
        self.lib.chunkimg_run.argtypes = [pointer, pointer]
        self.lib.chunkimg_close.argtypes = [pointer]
        self.lib.chunkimg_job_plan.argtypes = self.lib.chunkimg_job_result.argtypes = [pointer]
        if self.version().split(".")[0] != _MAJOR:
            raise Error("this package is for version %s of the library, which is %s" % (_MAJOR, self.version()), 2)

    @staticmethod
    def failure(lib, error):
        status = ctypes.c_int.from_buffer(error).value
        return Error(error.raw[_ERROR_TEXT:].split(b"\0", 1)[0].decode("utf-8", "replace"),
                     lib.chunkimg_status_exit_code(status))

    def version(self):
        return self.lib.chunkimg_version().decode()

    def _job(self, path, given, run):
        options = _Options(self.lib, given)
        options.set_input(path)
        error = ctypes.create_string_buffer(_ERROR_ROOM)
        job = ctypes.c_void_p()
        if self.lib.chunkimg_open(options.buffer, ctypes.byref(job), error):
            raise self.failure(self.lib, error)
        try:
            if run and self.lib.chunkimg_run(job, error):
                raise self.failure(self.lib, error)
            values = _fields(self.lib.chunkimg_job_plan(job), self.lib.chunkimg_plan_fields())
            if run:
                values.update(_fields(self.lib.chunkimg_job_result(job), self.lib.chunkimg_result_fields()))
            return values
        finally:
            self.lib.chunkimg_close(ctypes.byref(job))

    def run(self, path, **options):
        """Runs a job and returns the figures of its plan and its result."""
        return self._job(path, options, True)

    def plan(self, path, **options):
        """The figures of the plan; nothing is run or written."""
        return self._job(path, options, False)


_library = None


def library():
    """The library that the functions of this module use, loaded at the first call."""
    global _library
    if _library is None:
        _library = Library()
    return _library


def run(path, **options):
    """See Library.run."""
    return library().run(path, **options)


def plan(path, **options):
    """See Library.plan."""
    return library().plan(path, **options)


def version():
    """The version of the library."""
    return library().version()
