-- The run and a part of the UID are in the value: an old approval has no effect later.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
for _, stage in ipairs(obj.status.stages) do
  if stage.state == "AwaitingReview" then
    obj.metadata.annotations["dubjob.dev/approve"] =
      stage.name .. "." .. string.format("%d", stage.run) .. "." .. string.sub(obj.metadata.uid, 1, 6)
  end
end
return obj
