namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>An additional field of a v2 header (PROXY protocol section 2.2.x).</summary>
/// <param name="Type">One of <see cref="ProxyTlvType"/>, or another type.</param>
/// <param name="Value">The field's bytes.</param>
public readonly record struct ProxyTlv(byte Type, ReadOnlyMemory<byte> Value);
