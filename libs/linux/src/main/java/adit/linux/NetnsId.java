package adit.linux;

/// What makes two descriptors the same network namespace.
///
/// @param inode inode number in the kernel's namespace file system
/// @param dev device number of that file system
public record NetnsId(long inode, long dev) {}
