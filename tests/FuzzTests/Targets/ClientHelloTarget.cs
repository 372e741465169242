using Tunnel.Shared.Protocol.Sni;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.FuzzTests.Targets;

/// <summary>A TLS client's first message gives the same result however its bytes come, and no later than when all of it is there.</summary>
internal static class ClientHelloTarget
{
    public static IReadOnlyList<byte[]> Seeds { get; } =
    [
        ClientHellos.OpenSslTls13, ClientHellos.OpenSslTls12, ClientHellos.WithoutName, ClientHellos.Curl, ClientHellos.Chromium,
        ClientHellos.WithEncryptedHello,
        ClientHellos.Make("a.example.com", ["h2"]),
        ClientHellos.InRecords(ClientHellos.MessageOf(ClientHellos.Make("b.example.com", [])), 16),
    ];

    public static IReadOnlyList<byte[]> Tokens { get; } =
    [
        [22, 3, 1, 0, 1], [22, 3, 1, 0x40, 0], [22, 3, 3, 0, 0], [1, 0, 0, 40], [0, 0, 0, 9, 0, 7, 0, 0, 4], [0, 16, 0, 5, 0, 3, 2],
        [0xFE, 0x0D, 0, 0], [0, 0], [0xFF, 0xFF],
        .. Words.Of("example.com", "*.", ".", "xn--"),
    ];

    public static bool Run(ReadOnlySpan<byte> input)
    {
        var whole = new ClientHelloReader();
        var status = whole.Read(input);
        Check.That(status == ClientHelloStatus.Complete == whole.Hello is not null, "there is a hello when it is complete");
        Check.That(status != ClientHelloStatus.Incomplete || input.Length < ClientHelloReader.MaxLength, "the wait for it ends");

        var pieces = new ClientHelloReader();
        var step = input.IsEmpty ? 1 : 1 + (input[^1] % 7);
        var early = ClientHelloStatus.Incomplete;
        for (var length = 0; early == ClientHelloStatus.Incomplete && length < input.Length;)
        {
            length = Math.Min(length + step, input.Length);
            early = pieces.Read(input[..length]);
        }

        Check.Equal(status, early, "what is found in pieces");
        if (whole.Hello is not { } hello)
            return false;
        Check.Equal(hello.ServerName, pieces.Hello!.ServerName, "the name");
        Check.That(hello.Protocols.SequenceEqual(pieces.Hello.Protocols), "the protocols");
        Check.That(hello.ServerName is null || ServerName.IsValid(hello.ServerName), "a name is one that a host can have");
        return true;
    }
}
