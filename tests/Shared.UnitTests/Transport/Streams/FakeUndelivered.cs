using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.UnitTests.Transport.Streams;

/// <summary>Bytes that wait for a local end; a test says what becomes of them.</summary>
internal sealed class FakeUndelivered : IUndelivered
{
    public bool IsEmpty { get; set; } = true;

    public bool IsDraining { get; private set; }

    public bool IsDropped { get; private set; }

    public void Drop(bool isWriting) => IsDropped = true;

    public void Drain(ILocalEndpoint endpoint) => IsDraining = true;
}
