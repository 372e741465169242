using System.ComponentModel;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Tunnel.FunctionalTests.Harness.Network;

/// <summary>Runs something in a network namespace. A namespace belongs to a thread, so a thread of its own enters it and ends.</summary>
internal static partial class NamespaceThread
{
    private const int NewNetwork = 0x40000000;

    public static T Run<T>(string path, Func<T> action)
    {
        T result = default!;
        ExceptionDispatchInfo? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                using (var file = File.OpenHandle(path))
                {
                    if (SetNamespace((int)file.DangerousGetHandle(), NewNetwork) != 0)
                        throw new Win32Exception(Marshal.GetLastPInvokeError());
                }

                result = action();
            }
            catch (Exception e)
            {
                fault = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        fault?.Throw();
        return result;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int descriptor, int kind);
}
