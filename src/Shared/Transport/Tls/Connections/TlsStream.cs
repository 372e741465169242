using System.Net.Security;

namespace Tunnel.Shared.Transport.Tls.Connections;

/// <summary>
/// TLS over a <see cref="GatheringStream"/>, which is told when a read begins: the read before it must have given content, since it would
/// not have returned otherwise.
/// </summary>
internal sealed class TlsStream(GatheringStream inner) : SslStream(inner, leaveInnerStreamOpen: false)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        inner.BeginRead();
        return base.ReadAsync(buffer, cancellationToken);
    }
}
