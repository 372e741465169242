using Tunnel.Edge.Listening;

namespace Edge.UnitTests.Listening;

public sealed class DescriptorGuardTests
{
    [Fact]
    public void The_limit_is_the_soft_one_of_the_process()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 524288               files\n");
            Assert.Equal(1024, DescriptorGuard.ReadLimit(path));
            File.WriteAllText(path, "Max open files            unlimited            unlimited            files\n");
            Assert.Equal(int.MaxValue, DescriptorGuard.ReadLimit(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Without_a_limits_file_there_is_no_limit() => Assert.Equal(int.MaxValue, DescriptorGuard.ReadLimit("/nonexistent"));
}
