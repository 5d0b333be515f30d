package adit.identity;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// Writes the few ASN.1 values (X.690, distinguished encoding) that a certificate request consists
/// of. The node proxy makes requests only, so it need not load a certificate library for them.
final class Der {
  static final byte[] TRUE = {0x01, 0x01, (byte) 0xff};
  static final byte[] ZERO = {0x02, 0x01, 0x00};

  /// pkcs-9 extensionRequest, 1.2.840.113549.1.9.14 (RFC 2985, section 5.4.2).
  static final byte[] EXTENSION_REQUEST = {
    0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x09, 0x0e
  };

  /// subjectAltName, 2.5.29.17 (RFC 5280, section 4.2.1.6).
  static final byte[] SUBJECT_ALT_NAME = {0x06, 0x03, 0x55, 0x1d, 0x11};

  /// ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758, section 3.2).
  static final byte[] ECDSA_WITH_SHA256 = {
    0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x04, 0x03, 0x02
  };

  private static final int SEQUENCE = 0x30;
  private static final int SET = 0x31;
  private static final int OCTET_STRING = 0x04;
  private static final int BIT_STRING = 0x03;
  private static final int CONTEXT_CONSTRUCTED = 0xa0;
  private static final int CONTEXT_PRIMITIVE = 0x80;

  private Der() {}

  static byte[] sequence(byte[]... values) {
    return value(SEQUENCE, values);
  }

  static byte[] set(byte[]... values) {
    return value(SET, values);
  }

  static byte[] octetString(byte[] content) {
    return value(OCTET_STRING, content);
  }

  /// A bit string of whole bytes.
  static byte[] bitString(byte[] content) {
    return value(BIT_STRING, new byte[] {0}, content);
  }

  static byte[] tagged(int number, byte[]... values) {
    return value(CONTEXT_CONSTRUCTED | number, values);
  }

  /// An implicitly tagged IA5String.
  static byte[] taggedText(int number, String ascii) {
    return value(CONTEXT_PRIMITIVE | number, ascii.getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] value(int tag, byte[]... parts) {
    int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    var out = new ByteArrayOutputStream(length + 6);
    out.write(tag);
    length(out, length);
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static void length(ByteArrayOutputStream out, int length) {
    if (length < 0x80) {
      out.write(length);
      return;
    }
    int bytes = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / 8;
    out.write(0x80 | bytes);
    for (int i = bytes - 1; i >= 0; i--) {
      out.write(length >> (8 * i));
    }
  }
}
