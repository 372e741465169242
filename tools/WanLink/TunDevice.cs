using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Tunnel.Tools.WanLink;

/// <summary>The device of one namespace, read and written one IP packet at a time.</summary>
internal sealed class TunDevice : IDisposable
{
    private const short Tun = 1;
    private const short NoPacketInfo = 0x1000;
    private const int RequestSize = 40;
    private const int NameSize = 16;

    private TunDevice(int descriptor) => Descriptor = descriptor;

    public int Descriptor { get; }

    /// <summary>Makes the device. A namespace belongs to a thread, so a thread of its own enters it and ends.</summary>
    public static TunDevice Create(NetworkNamespace place)
    {
        TunDevice? device = null;
        Exception? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                device = CreateHere(place);
            }
            catch (Exception e)
            {
                fault = e;
            }
        });
        thread.Start();
        thread.Join();
        return device ?? throw new InvalidOperationException($"{NetworkNamespace.Device} in {place.Name}: {fault!.Message}", fault);
    }

    public void Dispose() => _ = Native.Close(Descriptor);

    private static unsafe TunDevice CreateHere(NetworkNamespace place)
    {
        var target = Check(Native.Open(place.Path, Native.CloseOnExec), place.Path);
        var entered = Native.SetNamespace(target, Native.NewNetwork);
        _ = Native.Close(target);
        Check(entered, "setns");
        var tun = Check(Native.Open("/dev/net/tun", Native.ReadWrite | Native.NonBlocking | Native.CloseOnExec), "/dev/net/tun");
        var request = stackalloc byte[RequestSize];
        new Span<byte>(request, RequestSize).Clear();
        Encoding.ASCII.GetBytes(NetworkNamespace.Device, new Span<byte>(request, NameSize));
        *(short*)(request + NameSize) = Tun | NoPacketInfo;
        Check(Native.Control(tun, Native.SetInterface, request), "TUNSETIFF");
        return new TunDevice(tun);
    }

    private static int Check(int result, string what) =>
        result >= 0 ? result : throw new InvalidOperationException($"{what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
}
