using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Accepting;

/// <summary>A certificate or a key that the operator gave can't be used; nothing stands in the way of another one.</summary>
internal sealed class UnusableCertificateException(string message, Exception? cause = null) : OperatorException(message, cause);
