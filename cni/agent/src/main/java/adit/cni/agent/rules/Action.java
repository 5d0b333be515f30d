package adit.cni.agent.rules;

import java.net.Inet6Address;
import java.net.InetAddress;

/// What a [Rule] does with the packets that it matches.
public sealed interface Action {
  /// Nothing more happens to the packet in this hook.
  record Accept() implements Action {}

  /// The connection goes to a port of this machine instead.
  ///
  /// @param port 1..65535
  record RedirectTo(int port) implements Action {}

  /// The connection seems to come from another address.
  ///
  /// @param address of either family
  record SourceBecomes(InetAddress address) implements Action {}

  /// The packet's connection gets this mark under [Marks#MASK]; its other bits stay.
  ///
  /// @param mark the value
  record MarkConnection(int mark) implements Action {}

  /// The packet gets the mark of its connection.
  record MarkPacketAsConnection() implements Action {}

  /// The action in nft's language.
  default String text() {
    return switch (this) {
      case Accept() -> "accept";
      case RedirectTo(int port) -> "redirect to :" + port;
      case SourceBecomes(InetAddress address) ->
          "snat "
              + (address instanceof Inet6Address ? "ip6" : "ip")
              + " to "
              + address.getHostAddress();
      case MarkConnection(int mark) ->
          "ct mark set ct mark & " + Marks.hex(~Marks.MASK) + " | " + Marks.hex(mark);
      case MarkPacketAsConnection() -> "meta mark set ct mark";
    };
  }
}
