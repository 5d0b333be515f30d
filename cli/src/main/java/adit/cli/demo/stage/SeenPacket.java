package adit.cli.demo.stage;

import java.net.InetAddress;

/// One TCP packet on the wire.
///
/// @param atMillis when it was seen, since the epoch
/// @param from sender
/// @param fromPort its port
/// @param to receiver
/// @param toPort its port
/// @param opens whether it is the first packet of a connection (SYN without ACK)
/// @param marked whether its payload contains the bookshop's marker
public record SeenPacket(
    long atMillis,
    InetAddress from,
    int fromPort,
    InetAddress to,
    int toPort,
    boolean opens,
    boolean marked) {}
