using Microsoft.Win32.SafeHandles;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Descriptors that are held for nothing, to be given up when there are no others: the runtime needs two for each thread that it makes, and
/// ends the process ("Out of memory") when it can't have them.
/// </summary>
internal sealed class DescriptorReserve(int count) : IDisposable
{
    private readonly Stack<SafeFileHandle> _held = new(count);

    /// <summary>Takes as many as are missing.</summary>
    /// <returns>False when there are not enough.</returns>
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

    /// <summary>Gives all up.</summary>
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
