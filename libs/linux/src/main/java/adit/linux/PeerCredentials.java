package adit.linux;

/// Who is at the other end of a Unix socket, as the kernel noted when it connected (`SO_PEERCRED`,
/// `unix(7)`).
///
/// @param pid process id, 0 when it is in a foreign process namespace
/// @param uid effective user id
/// @param gid effective group id
public record PeerCredentials(int pid, int uid, int gid) {}
