package adit.testkit.lab;

import adit.linux.LinuxException;
import adit.linux.Netns;
import adit.linux.topology.Command;
import adit.linux.topology.Completed;
import adit.linux.topology.Device;
import adit.linux.topology.DualStack;
import adit.linux.topology.NamedNetns;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A namespace of a lab in which things can be run.
public sealed interface LabSpace permits LabNode, LabPod, LabHost {
  /// Its name in the lab.
  String name();

  /// Its namespace.
  NamedNetns netns();

  /// Its addresses.
  DualStack addresses();

  /// Its IPv4 address.
  default Inet4Address ip4() {
    return addresses().ip4();
  }

  /// Its IPv6 address.
  default Inet6Address ip6() {
    return addresses().ip6();
  }

  /// Where its namespace can be opened.
  default Path netnsPath() {
    return netns().path();
  }

  /// Its namespace; the caller owns what it gets.
  default Netns open() throws LinuxException {
    return netns().open();
  }

  /// The end of its cable inside.
  default Device uplink() {
    return new Device(netns(), "eth0");
  }

  /// Runs a command to its end, at most 30 seconds.
  default Completed exec(String... words) throws IOException {
    return Command.of(words).in(netns()).run();
  }

  /// Starts a command; it ends with the lab at the latest.
  default LabProcess start(String... words) throws IOException {
    return start(Map.of(), words);
  }

  /// Starts a command with variables added to its environment.
  default LabProcess start(Map<String, String> environment, String... words) throws IOException {
    return LabProcess.start(netns().entering(List.of(words)), environment);
  }

  /// Records the packets on its uplink.
  ///
  /// @param filter in the language of `pcap-filter(7)`; empty for everything
  default Capture capture(String filter) throws IOException {
    return Capture.start(uplink(), filter);
  }
}
