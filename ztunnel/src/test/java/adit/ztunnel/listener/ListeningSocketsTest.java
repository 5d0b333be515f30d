package adit.ztunnel.listener;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class ListeningSocketsTest {
  private static final String TABLE =
      """
        sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
         0: 00000000:3A99 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
         1: 00000000:3A99 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
         2: 00000000:3AA0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
         3: 0100007F:3A99 0100007F:8DE2 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1
      """;

  @Test
  void count_ofATable_isOfThoseThatListen() throws IOException {
    assertThat(ListeningSockets.count(new BufferedReader(Reader.of(TABLE)), 15001)).isEqualTo(2);
    assertThat(ListeningSockets.count(new BufferedReader(Reader.of(TABLE)), 15006)).isZero();
    assertThat(ListeningSockets.count(new BufferedReader(Reader.of("")), 15001)).isZero();
  }

  @Test
  void count_ofThisNamespace_seesASocketOfThisProcess() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(ListeningSockets.count(socket.getLocalPort())).isEqualTo(1);
    }
  }
}
