package adit.linux;

import java.util.Map;

/// An error number of Linux with its name and its meaning in words.
///
/// The numbers are those of `asm-generic/errno.h`, the same on x86_64 and aarch64. A table of our
/// own costs no call into libc, whose `strerror` is not safe between threads.
///
/// @param number value of `errno`
/// @param name symbol, for example `EPERM`; `E<number>` when it is none that this module can meet
/// @param text meaning, for example `Operation not permitted`
public record Errno(int number, String name, String text) {
  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int ESRCH = 3;
  static final int EINTR = 4;
  static final int EBADF = 9;
  static final int EAGAIN = 11;
  static final int EEXIST = 17;
  static final int EINVAL = 22;
  static final int EPIPE = 32;
  static final int ENOTCONN = 107;

  private static final Map<Integer, Errno> KNOWN =
      Map.ofEntries(
          entry(EPERM, "EPERM", "Operation not permitted"),
          entry(ENOENT, "ENOENT", "No such file or directory"),
          entry(ESRCH, "ESRCH", "No such process"),
          entry(EINTR, "EINTR", "Interrupted system call"),
          entry(5, "EIO", "Input/output error"),
          entry(EBADF, "EBADF", "Bad file descriptor"),
          entry(EAGAIN, "EAGAIN", "Resource temporarily unavailable"),
          entry(12, "ENOMEM", "Cannot allocate memory"),
          entry(13, "EACCES", "Permission denied"),
          entry(14, "EFAULT", "Bad address"),
          entry(16, "EBUSY", "Device or resource busy"),
          entry(EEXIST, "EEXIST", "File exists"),
          entry(20, "ENOTDIR", "Not a directory"),
          entry(21, "EISDIR", "Is a directory"),
          entry(EINVAL, "EINVAL", "Invalid argument"),
          entry(23, "ENFILE", "Too many open files in system"),
          entry(24, "EMFILE", "Too many open files"),
          entry(25, "ENOTTY", "Inappropriate ioctl for device"),
          entry(28, "ENOSPC", "No space left on device"),
          entry(30, "EROFS", "Read-only file system"),
          entry(EPIPE, "EPIPE", "Broken pipe"),
          entry(36, "ENAMETOOLONG", "File name too long"),
          entry(38, "ENOSYS", "Function not implemented"),
          entry(40, "ELOOP", "Too many levels of symbolic links"),
          entry(88, "ENOTSOCK", "Socket operation on non-socket"),
          entry(90, "EMSGSIZE", "Message too long"),
          entry(91, "EPROTOTYPE", "Protocol wrong type for socket"),
          entry(92, "ENOPROTOOPT", "Protocol not available"),
          entry(94, "ESOCKTNOSUPPORT", "Socket type not supported"),
          entry(95, "EOPNOTSUPP", "Operation not supported"),
          entry(97, "EAFNOSUPPORT", "Address family not supported by protocol"),
          entry(98, "EADDRINUSE", "Address already in use"),
          entry(99, "EADDRNOTAVAIL", "Cannot assign requested address"),
          entry(103, "ECONNABORTED", "Software caused connection abort"),
          entry(104, "ECONNRESET", "Connection reset by peer"),
          entry(105, "ENOBUFS", "No buffer space available"),
          entry(106, "EISCONN", "Transport endpoint is already connected"),
          entry(ENOTCONN, "ENOTCONN", "Transport endpoint is not connected"),
          entry(109, "ETOOMANYREFS", "Too many references: cannot splice"),
          entry(110, "ETIMEDOUT", "Connection timed out"),
          entry(111, "ECONNREFUSED", "Connection refused"));

  static Errno of(int number) {
    Errno known = KNOWN.get(number);
    return known != null ? known : new Errno(number, "E" + number, "Error " + number);
  }

  private static Map.Entry<Integer, Errno> entry(int number, String name, String text) {
    return Map.entry(number, new Errno(number, name, text));
  }
}
