package adit.waypoint.observe;

import adit.model.Service;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// What is told about a connection that is not HTTP.
///
/// @param service null: the workload itself
/// @param local what the client dialled
/// @param upstream what was dialled for it
/// @param serverName of a hello of TLS; null: there was none
/// @param flags the reference's letters, `-` for none
/// @param began by the observer's clock
public record StreamRecord(
    Party source,
    Party destination,
    @Nullable Service service,
    InetSocketAddress client,
    InetSocketAddress local,
    InetSocketAddress upstream,
    @Nullable String serverName,
    String route,
    String flags,
    long began) {}
