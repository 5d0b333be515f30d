package adit.waypoint.flow;

import adit.l7.Match.PathMatch;
import adit.l7.Rule.Action.Redirect;
import adit.waypoint.message.RequestMessage;

/// Where redirects lead. Pure.
final class Locations {
  private Locations() {}

  static String of(Redirect redirect, PathMatch matched, RequestMessage request, int port) {
    String scheme = redirect.scheme().isEmpty() ? request.scheme() : redirect.scheme();
    String host = redirect.host().isEmpty() ? name(request.authority()) : redirect.host();
    int shown = redirect.port();
    if (shown == 0 && redirect.scheme().isEmpty()) {
      shown = redirect.host().isEmpty() ? portOf(request.authority(), port) : port;
    }
    boolean usual =
        shown == 0
            || (scheme.equals("http") && shown == 80)
            || (scheme.equals("https") && shown == 443);
    String target =
        redirect.path() == null
            ? request.target()
            : Edits.target(redirect.path(), matched, request);
    return scheme + "://" + host + (usual ? "" : ":" + shown) + target;
  }

  private static int colon(String authority) {
    int colon = authority.lastIndexOf(':');
    return colon > 0 && authority.indexOf(']', colon) < 0 ? colon : -1;
  }

  private static String name(String authority) {
    int colon = colon(authority);
    return colon < 0 ? authority : authority.substring(0, colon);
  }

  /// The port that the client believes in: its Host may name another than the one it dialled.
  private static int portOf(String authority, int dialled) {
    int colon = colon(authority);
    if (colon < 0) {
      return dialled;
    }
    try {
      return Integer.parseInt(authority.substring(colon + 1));
    } catch (NumberFormatException _) {
      return dialled;
    }
  }
}
