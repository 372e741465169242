using Microsoft.Win32.SafeHandles;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Descriptors that are held only to be released when no others are left. The runtime needs two for each thread that it makes, and ends the
/// process ("Out of memory") when it can't get them.
/// </summary>
internal sealed class DescriptorReserve(int count) : IDisposable
{
    private readonly Stack<SafeFileHandle> _held = new(count);

    /// <summary>Opens as many descriptors as are missing.</summary>
    /// <returns>False when there are not enough free descriptors.</returns>
    public bool TryFill()
    {
        lock (_held)
        {
            try
            {
                while (_held.Count < count)
                    _held.Push(File.OpenHandle("/dev/null"));
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>Releases all held descriptors.</summary>
    public void Release()
    {
        lock (_held)
        {
            while (_held.TryPop(out var handle))
                handle.Dispose();
        }
    }

    public void Dispose() => Release();
}
